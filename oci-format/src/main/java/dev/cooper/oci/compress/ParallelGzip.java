package dev.cooper.oci.compress;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicReference;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * Packs gzip (RFC 1952) on several threads: one member, of deflate blocks that are made apart.
 *
 * <p>As pigz does it: the input is cut at fixed places, every piece is deflated with the 32 KiB
 * before it as its dictionary, and ends at a byte. So the bytes don't depend on the threads. At
 * most twice as many pieces as threads are held.
 */
final class ParallelGzip extends OutputStream {
  /** An encoder of our own: about as small as zlib's 4, and faster than its 1. */
  static final int DEFAULT_LEVEL = 0;

  private static final byte[] HEADER = {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0, 0, (byte) 0xff};

  private final OutputStream out;
  private final int level; // of zlib's, or 0 for our own encoder
  private final int maxInFlight;
  private final ArrayDeque<FutureTask<DeflateBlock>> inFlight = new ArrayDeque<>();
  private final ArrayDeque<DeflateBlock> free = new ArrayDeque<>();
  private final Queue<RunPacker> packers = new ConcurrentLinkedQueue<>();
  private final AtomicReference<byte @Nullable []> zeros = new AtomicReference<>();
  private final CRC32 crc = new CRC32();
  private long total;
  private DeflateBlock block;
  private boolean headerWritten;
  private boolean closed;
  private boolean failed;

  ParallelGzip(OutputStream out, int level, int threads) {
    this.out = out;
    this.level = level;
    this.maxInFlight = threads == 1 ? 1 : 2 * threads;
    this.block = new DeflateBlock();
  }

  @Override
  public void write(int octet) throws IOException {
    write(new byte[] {(byte) octet}, 0, 1);
  }

  @Override
  public void write(byte[] source, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, source.length);
    if (closed) {
      throw new IOException("stream closed");
    }
    crc.update(source, offset, length);
    total += length;
    for (int done = 0; done < length; ) {
      if (block.isFull()) {
        submit(false);
      }
      done += block.add(source, offset + done, length - done);
    }
  }

  /** Does nothing: to cut a block here would change the bytes. */
  @Override
  public void flush() {}

  private void submit(boolean last) throws IOException {
    DeflateBlock full = block;
    FutureTask<DeflateBlock> task = new FutureTask<>(() -> deflate(full, last));
    if (!last) {
      while (inFlight.size() >= maxInFlight) {
        writeOldest();
      }
      DeflateBlock next = free.poll();
      block = next == null ? new DeflateBlock() : next;
      block.begin(full);
    }
    inFlight.add(task);
    Workers.COMPUTE.execute(task);
  }

  /** Runs on a worker: there are as many packers as ever worked at a time. */
  private DeflateBlock deflate(DeflateBlock full, boolean last) {
    RunPacker idle = packers.poll();
    RunPacker packer = idle != null ? idle : newPacker();
    try {
      return full.deflate(packer, last, zeros);
    } finally {
      packer.release();
      packers.add(packer);
    }
  }

  private RunPacker newPacker() {
    return level == 0 ? new DeflateEncoder() : new ZlibPacker(level);
  }

  /** After a failure nothing more is written: a later trailer would make a gap look whole. */
  private void writeOldest() throws IOException {
    boolean written = false;
    try {
      if (!headerWritten) {
        out.write(HEADER);
        headerWritten = true;
      }
      DeflateBlock done = await(inFlight.remove());
      done.writeTo(out);
      free.add(done);
      written = true;
    } finally {
      failed |= !written;
    }
  }

  private DeflateBlock await(FutureTask<DeflateBlock> task) throws IOException {
    try {
      return task.get();
    } catch (ExecutionException e) {
      throw new IOException("deflating a block failed: " + e.getCause(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      InterruptedIOException interrupted =
          new InterruptedIOException("interrupted while deflating");
      interrupted.initCause(e);
      throw interrupted;
    }
  }

  @Override
  public void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    try (OutputStream closing = out) {
      if (!failed) {
        submit(true);
        while (!inFlight.isEmpty()) {
          writeOldest();
        }
        trailer(closing);
      }
    } finally {
      release();
    }
  }

  private void trailer(OutputStream to) throws IOException {
    byte[] trailer = new byte[8];
    for (int i = 0; i < 4; i++) {
      trailer[i] = (byte) (crc.getValue() >>> (8 * i));
      trailer[4 + i] = (byte) (total >>> (8 * i));
    }
    to.write(trailer);
  }

  /** What a worker has begun, it ends; nobody waits for it, and it holds nothing but memory. */
  private void release() {
    for (FutureTask<DeflateBlock> task : inFlight) {
      task.cancel(false);
    }
    inFlight.clear();
    free.clear();
  }
}

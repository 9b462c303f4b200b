package dev.cooper.container;

import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.Objects;

/**
 * What a command writes and somebody reads, from thread to thread; the writer waits while it is
 * full. Unlike the JDK's piped streams it does not care which threads these are, or whether they
 * still live. Thread-safe.
 */
public final class OutputPipe extends InputStream {
  private final byte[] ring;
  private final OutputStream end = new End();
  private long written;
  private long read;
  private boolean ended;
  private boolean unread;

  OutputPipe(int size) {
    ring = new byte[size];
  }

  /** Where it is written to; closing that is the end of what is read. */
  OutputStream end() {
    return end;
  }

  private synchronized void write(byte[] source, int offset, int length) {
    int done = 0;
    boolean interrupted = false;
    while (done < length && !ended && !unread) {
      int n = (int) Math.min(length - done, ring.length - (written - read));
      for (int i = 0; i < n; i++) {
        ring[(int) (written++ % ring.length)] = source[offset + done + i];
      }
      done += n;
      notifyAll();
      if (n == 0) {
        try {
          wait();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Nothing more comes, and nobody waits any more; what lies there can still be read. */
  synchronized void finish() {
    ended = true;
    notifyAll();
  }

  @Override
  public int read() throws InterruptedIOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public synchronized int read(byte[] target, int offset, int length)
      throws InterruptedIOException {
    Objects.checkFromIndexSize(offset, length, target.length);
    if (length == 0) {
      return 0;
    }
    while (written == read && !ended && !unread) {
      try {
        wait();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted while a command's output was read");
      }
    }
    int n = (int) Math.min(length, written - read);
    for (int i = 0; i < n; i++) {
      target[offset + i] = ring[(int) (read++ % ring.length)];
    }
    notifyAll();
    return n == 0 ? -1 : n;
  }

  @Override
  public synchronized int available() {
    return (int) (written - read);
  }

  /** Whoever reads wants no more: what still comes is dropped, and holds nobody. */
  @Override
  public synchronized void close() {
    unread = true;
    read = written;
    notifyAll();
  }

  private final class End extends OutputStream {
    @Override
    public void write(int octet) {
      write(new byte[] {(byte) octet}, 0, 1);
    }

    @Override
    public void write(byte[] source, int offset, int length) {
      OutputPipe.this.write(source, offset, length);
    }

    @Override
    public void close() {
      finish();
    }
  }
}

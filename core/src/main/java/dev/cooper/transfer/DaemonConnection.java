package dev.cooper.transfer;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * A connection to a Docker daemon whose waits have an end: by time, and by an interrupt of the
 * thread. For one thread.
 */
final class DaemonConnection implements Closeable {
  /** So many bytes have to move for each second of waiting. */
  private static final long LEAST_PER_SECOND = 1024;

  private final Path socket;
  private final SocketChannel channel;
  private final Selector selector;
  private Duration allowed = Duration.ZERO;
  private long renewedBy = Long.MAX_VALUE;
  private long waited;
  private long moved;

  private DaemonConnection(Path socket, SocketChannel channel, Selector selector) {
    this.socket = socket;
    this.channel = channel;
    this.selector = selector;
  }

  static DaemonConnection open(Path socket) throws IOException {
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      channel.configureBlocking(false);
      if (!channel.connect(UnixDomainSocketAddress.of(socket))) {
        throw new IOException("it accepts no connection");
      }
      Selector selector = Selector.open();
      channel.register(selector, 0);
      return new DaemonConnection(socket, channel, selector);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /** From now on there is so much time to wait in all. */
  void within(Duration time) {
    allow(time, Long.MAX_VALUE);
  }

  /** From now on there is so much time to wait, anew whenever enough bytes moved for it. */
  void flowing(Duration stall) {
    allow(stall, LEAST_PER_SECOND * stall.toMillis() / 1000);
  }

  private void allow(Duration time, long bytes) {
    allowed = time;
    renewedBy = bytes;
    waited = 0;
    moved = 0;
  }

  private void moved(int bytes) {
    moved += Math.max(0, bytes);
    if (moved >= renewedBy) {
      waited = 0;
      moved = 0;
    }
  }

  private void await(int operation) throws IOException {
    long left = allowed.toNanos() - waited;
    if (left <= 0) {
      throw new SocketTimeoutException(
          "the Docker daemon at "
              + socket
              + " let "
              + allowed.toMillis()
              + " ms pass, in which "
              + moved
              + " bytes moved: look whether it still works, and restart it if not");
    }
    channel.keyFor(selector).interestOps(operation);
    long began = System.nanoTime();
    selector.select(Math.max(1, TimeUnit.NANOSECONDS.toMillis(left)));
    selector.selectedKeys().clear();
    waited += System.nanoTime() - began;
    requireUninterrupted();
  }

  private void requireUninterrupted() throws InterruptedIOException {
    if (Thread.currentThread().isInterrupted()) {
      throw interrupted();
    }
  }

  private InterruptedIOException interrupted() {
    return new InterruptedIOException(
        "interrupted while waiting for the Docker daemon at " + socket);
  }

  /** Moves bytes, or waits until some can be. */
  private interface Move {
    int bytes() throws IOException;
  }

  private int move(Move move, int operation) throws IOException {
    try {
      requireUninterrupted();
      int n = move.bytes();
      while (n == 0) {
        await(operation);
        n = move.bytes();
      }
      moved(n);
      return n;
    } catch (ClosedByInterruptException e) {
      InterruptedIOException interrupted = interrupted();
      interrupted.initCause(e);
      throw interrupted;
    }
  }

  InputStream in() {
    return new InputStream() {
      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] target, int offset, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(target, offset, length);
        return length == 0 ? 0 : move(() -> channel.read(buffer), SelectionKey.OP_READ);
      }
    };
  }

  OutputStream out() {
    return new OutputStream() {
      @Override
      public void write(int octet) throws IOException {
        write(new byte[] {(byte) octet}, 0, 1);
      }

      @Override
      public void write(byte[] source, int offset, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(source, offset, length);
        while (buffer.hasRemaining()) {
          move(() -> channel.write(buffer), SelectionKey.OP_WRITE);
        }
      }
    };
  }

  @Override
  public void close() throws IOException {
    selector.close();
    channel.close();
  }
}

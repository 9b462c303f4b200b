package dev.cooper.linux;

import dev.cooper.command.Network;
import dev.cooper.oci.OperationException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** The socket by which slirp4netns is asked to publish ports (its manual, "API SOCKET"). */
final class SlirpSocket {
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);

  private SlirpSocket() {}

  static void publish(Path socket, Network.Port port) {
    String request =
        "{\"execute\": \"add_hostfwd\", \"arguments\": {\"proto\": \"tcp\", \"host_addr\": \"127.0.0.1\", \"host_port\": "
            + port.host()
            + ", \"guest_addr\": \""
            + NetworkTool.ADDRESS
            + "\", \"guest_port\": "
            + port.container()
            + "}}";
    String answer;
    try {
      answer = ask(socket, request);
    } catch (IOException e) {
      throw new OperationException("cannot ask slirp4netns to publish a port: " + e, e);
    }
    if (!answer.contains("\"return\"")) {
      throw new OperationException(
          "cannot publish port "
              + port.host()
              + " of 127.0.0.1: slirp4netns answered "
              + answer
              + ": another program may listen there, or this user may not; publish port 0 for a free one");
    }
  }

  /** One request to a connection, whose answer ends with it. */
  private static String ask(Path socket, String request) throws IOException {
    long deadline = System.nanoTime() + PATIENCE_NANOS;
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(UnixDomainSocketAddress.of(socket));
      channel.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.US_ASCII)));
      channel.shutdownOutput();
      channel.configureBlocking(false);
      ByteArrayOutputStream answer = new ByteArrayOutputStream();
      ByteBuffer buffer = ByteBuffer.allocate(4096);
      while (channel.read(buffer) >= 0) {
        if (buffer.position() == 0) {
          if (System.nanoTime() - deadline > 0) {
            throw new IOException("no answer for ten seconds");
          }
          LockSupport.parkNanos(200_000);
        }
        answer.write(buffer.array(), 0, buffer.position());
        buffer.clear();
      }
      return answer.toString(StandardCharsets.UTF_8).strip();
    }
  }

  static void delete(Path socket) {
    try {
      Files.deleteIfExists(socket);
    } catch (IOException e) {
      throw new OperationException("cannot delete the socket " + socket + ": " + e, e);
    }
  }
}

package dev.cooper.e2e;

import dev.cooper.Cooper;
import dev.cooper.RunningCommand;
import dev.cooper.WorkingContainer;
import dev.cooper.command.Command;
import dev.cooper.command.Network;
import dev.cooper.image.PullPolicy;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A program that talks to a command through a port that it publishes: STORE BASE. */
final class PublishRun {
  private static final byte[] LOOPBACK = {127, 0, 0, 1};

  private PublishRun() {}

  public static void main(String[] args) throws IOException {
    Command listening =
        Command.shell("ip -4 addr show tap0 | grep inet; echo from inside | nc -l -p 8080 | cat")
            .network(Network.PRIVATE.publish(0, 8080));
    try (Cooper cooper =
            Cooper.builder().store(Path.of(args[0])).pullPolicy(PullPolicy.NEVER).build();
        WorkingContainer c = cooper.from(Path.of(args[1]));
        RunningCommand command = c.start(listening, o -> o.streams())) {
      String said = "";
      while (said.isEmpty() && !command.isDone()) {
        said = talk(command.port(8080));
      }
      System.out.print(said);
      System.out.print(new String(command.stdout().readAllBytes(), StandardCharsets.UTF_8));
      System.out.println("ended with " + command.await());
    }
  }

  /** What it says; nothing as long as nobody listens inside. */
  private static String talk(int port) throws IOException {
    try (Socket socket = new Socket(InetAddress.getByAddress(LOOPBACK), port)) {
      socket.getOutputStream().write("from outside\n".getBytes(StandardCharsets.US_ASCII));
      socket.shutdownOutput();
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    } catch (SocketException e) {
      return ""; // refused, or reset
    }
  }
}

package dev.cooper.e2e;

import dev.cooper.Cooper;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.command.Command;
import dev.cooper.command.Network;
import dev.cooper.image.PullPolicy;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;

/**
 * A program that is a host's name server, and looks its name up in a private network: STORE BASE
 * SERVER NAME ADDRESS. Prints how the command ended, what it said, and what the server was asked.
 */
final class ResolveRun {
  private ResolveRun() {}

  public static void main(String[] arguments) throws IOException {
    String name = arguments[3];
    Command lookUp =
        Command.shell("cat /etc/resolv.conf; nslookup " + name + "; nslookup other." + name)
            .network(Network.PRIVATE);
    try (DnsServer server =
            new DnsServer(
                InetAddress.getByName(arguments[2]), name, InetAddress.getByName(arguments[4]));
        Cooper cooper =
            Cooper.builder().store(Path.of(arguments[0])).pullPolicy(PullPolicy.NEVER).build()) {
      try (WorkingContainer c = cooper.from(Path.of(arguments[1]))) {
        System.out.print(c.exec(lookUp).out());
      }
      cooper.images().forEach(Image::remove);
      System.out.println("asked " + server.asked);
    }
  }
}

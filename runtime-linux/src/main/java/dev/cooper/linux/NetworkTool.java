package dev.cooper.linux;

import dev.cooper.command.Network;
import dev.cooper.oci.OperationException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A program of the host that carries packets between a network namespace and the host's sockets.
 *
 * <p>It is run without a shell. Both kinds are told to make the same network, so that a command
 * sees no difference.
 *
 * @param kind which program it is
 * @param path where it lies
 */
record NetworkTool(Kind kind, Path path) {
  /** A container's own address, which slirp4netns gives whether asked or not. */
  static final String ADDRESS = "10.0.2.100";

  /** Where the program answers for the host's name servers. */
  static final String NAME_SERVER = "10.0.2.3";

  /** The descriptors that it finds: a namespace, what it says, and a directory for its socket. */
  static final int NAMESPACE = 0;

  static final int OUTPUT = 1;
  static final int ERRORS = 2;
  static final int READY = 3;
  static final int DIRECTORY = 4;

  private static final String NAMESPACE_PATH = "/proc/self/fd/" + NAMESPACE;

  /** The programs, the better one first. */
  enum Kind {
    PASTA("pasta"),
    SLIRP4NETNS("slirp4netns");

    private final String program;

    Kind(String program) {
      this.program = program;
    }
  }

  /** The first that is installed. */
  static NetworkTool find(List<Path> places) {
    for (Kind kind : Kind.values()) {
      Path path = HostTools.find(kind.program, places);
      if (path != null) {
        return new NetworkTool(kind, path);
      }
    }
    throw new OperationException(
        "a private network needs a program of the host, and neither pasta nor slirp4netns is in "
            + places
            + ": install the package passt or slirp4netns, or use Network.HOST");
  }

  /** Which descriptor it tells through that it is ready. */
  int tellsThrough() {
    return kind == Kind.PASTA ? OUTPUT : READY;
  }

  /**
   * What it is executed with.
   *
   * @param socket a name in the directory, for one that takes orders by which ports to publish
   */
  List<String> arguments(List<Network.Port> ports, String socket) {
    return kind == Kind.PASTA ? pasta(ports) : slirp4netns(ports.isEmpty() ? "" : socket);
  }

  /**
   * It would forward every port that somebody listens on, in both directions, and make the gateway
   * the host's loopback, unless told not to. It becomes "nobody", who can enter no namespace,
   * unless told who else; it drops all rights that it does not need itself.
   */
  private List<String> pasta(List<Network.Port> ports) {
    List<String> arguments =
        new ArrayList<>(
            List.of(path.toString(), "--foreground", "--quiet", "--ipv4-only", "--config-net"));
    arguments.addAll(List.of("--runas", "0:0", "--no-map-gw", "--ns-ifname", "tap0"));
    arguments.addAll(List.of("--address", ADDRESS, "--netmask", "24", "--gateway", "10.0.2.2"));
    arguments.addAll(List.of("--dns-forward", NAME_SERVER));
    arguments.addAll(List.of("--udp-ports", "none", "--tcp-ns", "none", "--udp-ns", "none"));
    if (ports.isEmpty()) {
      arguments.addAll(List.of("--tcp-ports", "none"));
    }
    for (Network.Port port : ports) {
      arguments.add("--tcp-ports");
      arguments.add("127.0.0.1/" + port.host() + ":" + port.container());
    }
    arguments.addAll(List.of("--pid", "/proc/self/fd/" + OUTPUT));
    arguments.addAll(List.of("--netns", NAMESPACE_PATH));
    return arguments;
  }

  private List<String> slirp4netns(String socket) {
    List<String> arguments =
        new ArrayList<>(
            List.of(path.toString(), "--configure", "--mtu=65520", "--disable-host-loopback"));
    arguments.addAll(List.of("--enable-sandbox", "--enable-seccomp", "--ready-fd=" + READY));
    if (!socket.isEmpty()) {
      arguments.add("--api-socket=/proc/self/fd/" + DIRECTORY + "/" + socket);
    }
    arguments.addAll(List.of("--netns-type=path", NAMESPACE_PATH, "tap0"));
    return arguments;
  }
}

package dev.cooper.spi;

import java.util.List;

/**
 * Which network a process sees, and what its {@code /etc/hosts} and {@code /etc/resolv.conf} say.
 *
 * @param mode whose network it is
 * @param ports which ports of the host's loopback lead to ports of its own; only with {@link
 *     Mode#PRIVATE}
 * @param hosts what {@code /etc/hosts} says first
 * @param servers the addresses of name servers, instead of those that the mode brings
 * @param search the domains to search, instead of the host's
 * @param options the resolver's options, instead of the host's
 */
public record ProcessNetwork(
    Mode mode,
    List<Port> ports,
    List<Host> hosts,
    List<String> servers,
    List<String> search,
    List<String> options) {
  /** The host's network, and what the host's files say. */
  public static final ProcessNetwork HOST = plain(Mode.HOST);

  /** A loopback device only, and no name servers. */
  public static final ProcessNetwork NONE = plain(Mode.NONE);

  /** A network of its own that leads to the outside. */
  public static final ProcessNetwork PRIVATE = plain(Mode.PRIVATE);

  /** Whose network it is. */
  public enum Mode {
    /** The host's own. */
    HOST,
    /** Its own, with a loopback device and nothing else. */
    NONE,
    /**
     * Its own, with a way out through a helper of the host; the host's loopback is out of reach.
     */
    PRIVATE
  }

  /**
   * A TCP port of the host's loopback that leads to one of the process's.
   *
   * @param host the port at 127.0.0.1 of the host
   * @param container the port inside
   */
  public record Port(int host, int container) {}

  /**
   * A line of {@code /etc/hosts}.
   *
   * @param address of either IP version
   * @param name what it is called inside
   */
  public record Host(String address, String name) {}

  /**
   * Copies the collections.
   *
   * @param mode whose network it is
   * @param ports which ports of the host's loopback lead to ports of its own; only with {@link
   *     Mode#PRIVATE}
   * @param hosts what {@code /etc/hosts} says first
   * @param servers the addresses of name servers, instead of those that the mode brings
   * @param search the domains to search, instead of the host's
   * @param options the resolver's options, instead of the host's
   */
  public ProcessNetwork {
    ports = List.copyOf(ports);
    hosts = List.copyOf(hosts);
    servers = List.copyOf(servers);
    search = List.copyOf(search);
    options = List.copyOf(options);
  }

  private static ProcessNetwork plain(Mode mode) {
    return new ProcessNetwork(mode, List.of(), List.of(), List.of(), List.of(), List.of());
  }
}

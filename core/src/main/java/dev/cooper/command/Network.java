package dev.cooper.command;

import dev.cooper.text.Given;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Which network a command sees, and which names it knows; buildah's {@code --network}, {@code
 * --add-host} and {@code --dns}. Immutable, each method gives another.
 *
 * <p>Hosts and name servers stand in the command's {@code /etc/hosts} and {@code /etc/resolv.conf}
 * while it runs, with every mode, and are never committed.
 *
 * @param mode whose network it is
 * @param ports ports of the host's loopback that lead inside; only with {@link Mode#PRIVATE}
 * @param hosts names that are known beside those that the mode brings, and before them
 * @param dnsServers the addresses of name servers, instead of those that the mode brings
 * @param dnsSearch the domains to search, instead of the host's
 * @param dnsOptions options of resolv.conf(5), instead of the host's
 */
public record Network(
    Mode mode,
    List<Port> ports,
    List<Host> hosts,
    List<String> dnsServers,
    List<String> dnsSearch,
    List<String> dnsOptions) {
  /** The host's own network, with its names and name servers; the default. */
  public static final Network HOST = plain(Mode.HOST);

  /** A loopback device and nothing else; an error with {@link Isolation#CHROOT}. */
  public static final Network NONE = plain(Mode.NONE);

  /**
   * A network of its own that leads to the outside through {@code pasta} or {@code slirp4netns},
   * whichever is installed on the host.
   *
   * <p>The command has the address 10.0.2.100 and IPv4 only. It reaches what the host reaches,
   * other addresses of the host among it, but neither the host's loopback nor its abstract sockets,
   * and nobody reaches it but through {@link #publish}. It has no capability {@code NET_RAW}, which
   * would lead around that, unless {@link Security#capAdd} asks for it. An error with {@link
   * Isolation#CHROOT}.
   */
  public static final Network PRIVATE = plain(Mode.PRIVATE);

  private static final int MOST_PORT = 65535;
  private static final Pattern IPV4 =
      Pattern.compile("((25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)(\\.(?!$)|$)){4}");
  private static final Pattern IPV6 = Pattern.compile("[0-9a-f.]*:[0-9a-f:.]*");
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_])?");
  private static final Pattern WORD = Pattern.compile("[!-~]+");

  /** Whose network it is. */
  public enum Mode {
    /** The host's own. */
    HOST,
    /** Its own, with a loopback device and nothing else. */
    NONE,
    /** Its own, with a way out. */
    PRIVATE
  }

  /**
   * A TCP port of the host's loopback that leads to one of the command's.
   *
   * @param host the port at 127.0.0.1 of the host; 0 for one that is free
   * @param container the port inside
   */
  public record Port(int host, int container) {
    /**
     * Checks that both are ports.
     *
     * @param host the port at 127.0.0.1 of the host; 0 for one that is free
     * @param container the port inside
     * @throws IllegalArgumentException if one is out of range
     */
    public Port {
      if (host < 0 || host > MOST_PORT || container < 1 || container > MOST_PORT) {
        throw new IllegalArgumentException(
            "ports go from 1 to 65535, and 0 for a free one of the host: "
                + host
                + ":"
                + container);
      }
    }
  }

  /**
   * A name and its address.
   *
   * @param name letters, digits, {@code .}, {@code _} and {@code -}
   * @param address of IPv4 or IPv6, as digits
   */
  public record Host(String name, String address) {
    /**
     * Checks both.
     *
     * @param name letters, digits, {@code .}, {@code _} and {@code -}
     * @param address of IPv4 or IPv6, as digits
     * @throws IllegalArgumentException if one is not what it should be
     */
    public Host {
      requireMatch(NAME, name, "a host's name");
      requireAddress(address);
    }
  }

  /**
   * Checks the values, and copies the collections.
   *
   * @param mode whose network it is
   * @param ports ports of the host's loopback that lead inside; only with {@link Mode#PRIVATE}
   * @param hosts names that are known beside those that the mode brings, and before them
   * @param dnsServers the addresses of name servers, instead of those that the mode brings
   * @param dnsSearch the domains to search, instead of the host's
   * @param dnsOptions options of resolv.conf(5), instead of the host's
   * @throws IllegalArgumentException if a port is published of a network that is not private, or an
   *     address or a name is none
   */
  public Network {
    if (mode != Mode.PRIVATE && !ports.isEmpty()) {
      throw new IllegalArgumentException(
          "ports can be published of Network.PRIVATE only: with HOST they are the host's already, with NONE nothing leads to them");
    }
    ports = List.copyOf(ports);
    hosts = List.copyOf(hosts);
    dnsServers.forEach(Network::requireAddress);
    dnsServers = List.copyOf(dnsServers);
    dnsSearch.forEach(domain -> requireMatch(NAME, domain, "a domain"));
    dnsSearch = List.copyOf(dnsSearch);
    dnsOptions.forEach(option -> requireMatch(WORD, option, "an option of resolv.conf"));
    dnsOptions = List.copyOf(dnsOptions);
  }

  private static Network plain(Mode mode) {
    return new Network(mode, List.of(), List.of(), List.of(), List.of(), List.of());
  }

  private static void requireMatch(Pattern pattern, String value, String what) {
    if (!pattern.matcher(value).matches()) {
      throw new IllegalArgumentException("not " + what + ": \"" + value + "\"");
    }
  }

  /** Digits only: nothing is looked up. */
  private static void requireAddress(String address) {
    if (IPV4.matcher(address).matches()) {
      return;
    }
    requireMatch(IPV6, address.toLowerCase(Locale.ROOT), "an address of IPv4 or IPv6");
    try {
      InetAddress.getByName(address);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException("not an address of IPv6: \"" + address + "\"", e);
    }
  }

  /**
   * Makes a TCP port of the command reachable at 127.0.0.1 of the host; podman's {@code -p
   * 127.0.0.1:8080:80}.
   *
   * <p>The port accepts connections as soon as the network is there, before anything listens
   * inside: {@link dev.cooper.RunningCommand#awaitPort} waits for the command.
   *
   * @param hostPort at the host's loopback; 0 for one that is free, which {@link
   *     dev.cooper.RunningCommand#port} tells
   * @param containerPort what the command listens on, at all its addresses
   * @return the network with it
   * @throws IllegalArgumentException if it is not {@link #PRIVATE}, or a port is out of range
   */
  public Network publish(int hostPort, int containerPort) {
    return withPorts(with(ports, new Port(hostPort, containerPort)));
  }

  private Network withPorts(List<Port> newPorts) {
    return new Network(mode, newPorts, hosts, dnsServers, dnsSearch, dnsOptions);
  }

  /**
   * One more name; buildah's {@code --add-host}.
   *
   * @param name goes before the same name of the host's
   * @param address of IPv4 or IPv6, as digits
   * @return the network with it
   * @throws IllegalArgumentException if one is not what it should be
   */
  public Network addHost(String name, String address) {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(address, "address");
    return new Network(
        mode, ports, with(hosts, new Host(name, address)), dnsServers, dnsSearch, dnsOptions);
  }

  /**
   * Who is asked for names; buildah's {@code --dns}.
   *
   * @param servers addresses, instead of those that the mode brings
   * @return the network with these
   * @throws IllegalArgumentException if one is no address
   */
  public Network dns(String... servers) {
    return new Network(mode, ports, hosts, Given.all(servers, "servers"), dnsSearch, dnsOptions);
  }

  /**
   * Where short names are looked for; buildah's {@code --dns-search}.
   *
   * @param domains instead of the host's
   * @return the network with these
   * @throws IllegalArgumentException if one is no domain
   */
  public Network dnsSearch(String... domains) {
    return new Network(mode, ports, hosts, dnsServers, Given.all(domains, "domains"), dnsOptions);
  }

  /**
   * How names are looked for; buildah's {@code --dns-option}.
   *
   * @param options of resolv.conf(5), such as {@code ndots:2}, instead of the host's
   * @return the network with these
   * @throws IllegalArgumentException if one holds white space
   */
  public Network dnsOption(String... options) {
    return new Network(mode, ports, hosts, dnsServers, dnsSearch, Given.all(options, "options"));
  }

  private static <T> List<T> with(List<T> known, T more) {
    List<T> all = new ArrayList<>(known);
    all.add(more);
    return all;
  }

  /**
   * Which port of the host leads to one inside.
   *
   * @param containerPort the port inside
   * @return the port at 127.0.0.1 of the host, 0 for one that is to be found; none if that was not
   *     published
   */
  public Optional<Integer> hostPort(int containerPort) {
    return ports.stream()
        .filter(port -> port.container() == containerPort)
        .map(Port::host)
        .findFirst();
  }
}

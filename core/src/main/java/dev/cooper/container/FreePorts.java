package dev.cooper.container;

import dev.cooper.command.Network;
import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;

/** Finds ports of the host for those that a network leaves open. */
public final class FreePorts {
  private FreePorts() {}

  /** The same network with a free port of the host wherever one was left open. */
  public static Network in(Network network) {
    if (network.ports().stream().noneMatch(port -> port.host() == 0)) {
      return network;
    }
    return new Network(
        network.mode(),
        network.ports().stream().map(FreePorts::of).toList(),
        network.hosts(),
        network.dnsServers(),
        network.dnsSearch(),
        network.dnsOptions());
  }

  /** Found by binding it: the kernel does not give the same to the next who asks. */
  private static Network.Port of(Network.Port port) {
    if (port.host() != 0) {
      return port;
    }
    try (ServerSocket found =
        new ServerSocket(0, 1, InetAddress.getByAddress(new byte[] {127, 0, 0, 1}))) {
      return new Network.Port(found.getLocalPort(), port.container());
    } catch (IOException e) {
      throw new OperationException("cannot find a free port at 127.0.0.1: " + e, e);
    }
  }
}

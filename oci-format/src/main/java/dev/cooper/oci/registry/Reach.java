package dev.cooper.oci.registry;

import java.net.Inet4Address;
import java.net.InetAddress;

/** How far inside an address is, from where everybody gets to where nobody should. */
enum Reach {
  PUBLIC,
  PRIVATE,
  LOOPBACK,
  /** No host of anybody's: unspecified, multicast, and link-local with its metadata services. */
  UNUSABLE;

  private static final int CARRIER = 100; // 100.64.0.0/10, RFC 6598
  private static final int UNIQUE_LOCAL = 0xfc; // fc00::/7, RFC 4193

  static Reach of(InetAddress address) {
    byte[] bytes = address.getAddress();
    boolean four = address instanceof Inet4Address;
    if (address.isAnyLocalAddress()
        || address.isMulticastAddress()
        || address.isLinkLocalAddress()
        || (four && bytes[0] == 0)) {
      return UNUSABLE;
    } else if (address.isLoopbackAddress()) {
      return LOOPBACK;
    } else if (address.isSiteLocalAddress()
        || (four && bytes[0] == CARRIER && (bytes[1] & 0xc0) == 0x40)
        || (!four && (bytes[0] & 0xfe) == UNIQUE_LOCAL)) {
      return PRIVATE;
    }
    return PUBLIC;
  }
}

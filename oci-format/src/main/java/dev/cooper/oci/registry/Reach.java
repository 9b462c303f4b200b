package dev.cooper.oci.registry;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;

/** How far inside an address is, from where everybody gets to where nobody should. */
enum Reach {
  PUBLIC,
  PRIVATE,
  LOOPBACK,
  /** No host of anybody's: unspecified, multicast, and link-local with its metadata services. */
  UNUSABLE;

  private static final int CARRIER = 100; // 100.64.0.0/10, RFC 6598
  private static final int UNIQUE_LOCAL = 0xfc; // fc00::/7, RFC 4193

  /** 2002::/16, RFC 3056. */
  private static final byte[] SIX_TO_FOUR = {0x20, 0x02};

  /** 64:ff9b::/96, RFC 6052. */
  private static final byte[] NAT64 = {0, 0x64, (byte) 0xff, (byte) 0x9b, 0, 0, 0, 0, 0, 0, 0, 0};

  /** 64:ff9b:1::/48, RFC 8215: of one network's own making, so nobody knows where it leads. */
  private static final byte[] LOCAL_NAT64 = {0, 0x64, (byte) 0xff, (byte) 0x9b, 0, 1};

  /** ::/96, RFC 4291, which is no longer used; ::1 is not of it. */
  private static final byte[] COMPATIBLE = new byte[12];

  static Reach of(InetAddress address) {
    byte[] bytes = address.getAddress();
    boolean four = address instanceof Inet4Address;
    int inner = four ? -1 : inner(bytes);
    if (inner >= 0) {
      return of(four(bytes, inner));
    }
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
    return four || !startsWith(bytes, LOCAL_NAT64) ? PUBLIC : PRIVATE;
  }

  /** Where an address of IPv6 holds the one of IPv4 that it leads to; -1 if it holds none. */
  private static int inner(byte[] six) {
    boolean last = startsWith(six, NAT64) || (startsWith(six, COMPATIBLE) && six[12] != 0);
    return last ? 12 : startsWith(six, SIX_TO_FOUR) ? 2 : -1;
  }

  private static boolean startsWith(byte[] address, byte[] prefix) {
    return Arrays.equals(address, 0, prefix.length, prefix, 0, prefix.length);
  }

  private static InetAddress four(byte[] six, int at) {
    try {
      return InetAddress.getByAddress(Arrays.copyOfRange(six, at, at + 4));
    } catch (UnknownHostException e) {
      throw new IllegalStateException("an address of IPv4 has 4 bytes", e);
    }
  }
}

package dev.cooper.oci.registry;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which hosts are spoken to directly, by the rules that Go's programs have for {@code NO_PROXY}.
 *
 * <p>A domain means itself and all below it, with a leading dot or {@code *.} those below alone; an
 * address or a CIDR range means addresses that are written as such, as no name is looked up; each
 * but a range can end in a port; {@code *} means all. This machine is always spoken to directly.
 */
final class ProxyRules {
  private static final Pattern NUMBERS = Pattern.compile("[0-9]{1,3}(?:\\.[0-9]{1,3}){3}");
  private static final Pattern DIGITS = Pattern.compile("[0-9]{1,5}");

  private final List<Rule> rules = new ArrayList<>();
  private boolean all;

  /** One of the list. */
  @FunctionalInterface
  private interface Rule {
    boolean matches(String host, byte @Nullable [] address, int port);
  }

  ProxyRules(String list) {
    for (String each : list.toLowerCase(Locale.ROOT).split("[,\\s]+")) {
      if (each.equals("*")) {
        all = true;
      } else if (!each.isEmpty()) {
        add(each);
      }
    }
  }

  private void add(String entry) {
    int slash = entry.indexOf('/');
    if (slash >= 0) {
      byte[] network = address(entry.substring(0, slash));
      String bits = entry.substring(slash + 1);
      if (network != null && DIGITS.matcher(bits).matches()) {
        int prefix = Integer.parseInt(bits);
        rules.add((host, address, port) -> address != null && within(address, network, prefix));
      }
      return;
    }
    byte[] whole = address(entry);
    int colon = whole == null ? entry.lastIndexOf(':') : -1;
    String name = colon < 0 ? entry : entry.substring(0, colon);
    String number = colon < 0 ? "" : entry.substring(colon + 1);
    if (name.isEmpty() || !(colon < 0 || DIGITS.matcher(number).matches())) {
      return; // Go ignores what it can't read too
    }
    int only = colon < 0 ? -1 : Integer.parseInt(number);
    byte[] fixed = address(name);
    if (fixed != null) {
      rules.add((host, address, port) -> isPort(only, port) && Arrays.equals(address, fixed));
    } else {
      addDomain(name.startsWith("*.") ? name.substring(1) : name, only);
    }
  }

  private void addDomain(String name, int only) {
    boolean below = name.startsWith(".");
    String ending = below ? name : "." + name;
    rules.add(
        (host, address, port) ->
            isPort(only, port) && (host.endsWith(ending) || (!below && host.equals(name))));
  }

  private static boolean isPort(int only, int port) {
    return only < 0 || only == port;
  }

  private static boolean within(byte[] address, byte[] network, int prefix) {
    if (address.length != network.length || prefix > 8 * network.length) {
      return false;
    }
    for (int bit = 0; bit < prefix; bit++) {
      int mask = 0x80 >> bit % 8;
      if (((address[bit / 8] ^ network[bit / 8]) & mask) != 0) {
        return false;
      }
    }
    return true;
  }

  /**
   * Whether a host is spoken to without a proxy.
   *
   * @param host a name, or an address, which may be in brackets
   */
  boolean isDirect(String host, int port) {
    String name = host.toLowerCase(Locale.ROOT);
    byte[] address = address(name);
    if (all
        || Endpoint.isLoopback(address != null && address.length > 4 ? bracketed(name) : name)) {
      return true;
    }
    if (address != null && isLoopback(address)) {
      return true;
    }
    return rules.stream().anyMatch(rule -> rule.matches(name, address, port));
  }

  private static String bracketed(String name) {
    return name.startsWith("[") ? name : "[" + name + "]";
  }

  private static boolean isLoopback(byte[] address) {
    try {
      return InetAddress.getByAddress(address).isLoopbackAddress();
    } catch (UnknownHostException e) {
      throw new IllegalStateException("an address has 4 or 16 bytes", e);
    }
  }

  /** The address that a text is, without looking up a name; null if it is none. */
  private static byte @Nullable [] address(String text) {
    boolean brackets = text.startsWith("[") && text.endsWith("]");
    String bare = brackets ? text.substring(1, text.length() - 1) : text;
    if (!NUMBERS.matcher(bare).matches() && !(bare.indexOf(':') >= 0 && isIpv6(bare))) {
      return null;
    }
    try {
      return InetAddress.getByName(bare).getAddress();
    } catch (UnknownHostException e) {
      return null; // numbers over 255, or groups of too many
    }
  }

  private static boolean isIpv6(String bare) {
    return bare.matches("[0-9a-f:]+(?:[0-9.]+)?") && bare.indexOf(':') != bare.lastIndexOf(':');
  }
}

package dev.cooper.oci;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A port that an image says it listens on, or a range of them.
 *
 * <p>Source: OCI image-spec, "config: ExposedPorts"; Dockerfile reference, "EXPOSE", which has
 * ranges too. Immutable.
 *
 * @param first the lowest, 1 to 65535
 * @param last the highest; the first itself for a single port
 * @param protocol {@code tcp}, {@code udp} or {@code sctp}
 */
public record ExposedPort(int first, int last, String protocol) {
  private static final int HIGHEST = 65535;
  private static final Pattern FORM =
      Pattern.compile("([0-9]{1,5})(?:-([0-9]{1,5}))?(?:/([A-Za-z]+))?");
  private static final Pattern PROTOCOL = Pattern.compile("tcp|udp|sctp");

  /**
   * Checks the numbers and the protocol.
   *
   * @param first the lowest, 1 to 65535
   * @param last the highest, not below the first
   * @param protocol {@code tcp}, {@code udp} or {@code sctp}
   * @throws IllegalArgumentException if one is anything else
   */
  public ExposedPort {
    if (first < 1 || last > HIGHEST || first > last || !PROTOCOL.matcher(protocol).matches()) {
      throw invalid(first + (first == last ? "" : "-" + last) + "/" + protocol);
    }
  }

  /**
   * Reads {@code port[-port][/protocol]}, such as {@code 80}, {@code 53/UDP} or {@code
   * 7000-7010/tcp}. Without a protocol it is TCP; the protocol's case does not matter.
   *
   * @param text as an image or a caller has it
   * @return the port, or the range
   * @throws IllegalArgumentException if it is none
   */
  public static ExposedPort parse(String text) {
    Matcher form = FORM.matcher(text);
    if (!form.matches()) {
      throw invalid(text);
    }
    int first = Integer.parseInt(form.group(1));
    int last = form.group(2) == null ? first : Integer.parseInt(form.group(2));
    String protocol = form.group(3) == null ? "tcp" : form.group(3).toLowerCase(Locale.ROOT);
    try {
      return new ExposedPort(first, last, protocol);
    } catch (IllegalArgumentException e) {
      throw invalid(text);
    }
  }

  private static IllegalArgumentException invalid(String found) {
    return new IllegalArgumentException(
        "invalid port "
            + Text.quote(found)
            + ": expected a number from 1 to 65535, or a range of them with the lower one first,"
            + " and /tcp, /udp or /sctp, such as 80/tcp or 7000-7010/udp");
  }

  /** As a configuration has it, such as {@code 80/tcp} or {@code 7000-7010/udp}. */
  @Override
  public String toString() {
    return first + (first == last ? "" : "-" + last) + "/" + protocol;
  }
}

package dev.cooper.oci;

import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The signal that asks an image's process to end.
 *
 * <p>Source: Dockerfile reference, "STOPSIGNAL": a name with or without {@code SIG}, in any case,
 * or a number; signal(7) for Linux's names. Immutable.
 *
 * @param text as it was given, which is what an image's configuration keeps
 */
public record StopSignal(String text) {
  private static final Set<String> NAMES =
      Set.of(
          "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT",
          "KILL", "PIPE", "POLL", "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM",
          "TRAP", "TSTP", "TTIN", "TTOU", "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ");

  /** Linux has signals 1 to 64; those of real time are counted from both ends. */
  private static final Pattern REAL_TIME =
      Pattern.compile("RTMIN(\\+([1-9]|1[0-5]))?|RTMAX(-([1-9]|1[0-4]))?");

  private static final Pattern NUMBER = Pattern.compile("0*([1-9]|[1-5][0-9]|6[0-4])");

  /**
   * Checks the signal.
   *
   * @param text such as {@code SIGTERM}, {@code quit}, {@code SIGRTMIN+3} or {@code 9}
   * @throws IllegalArgumentException if Linux has no such signal
   */
  public StopSignal {
    String upper = text.toUpperCase(Locale.ROOT);
    String name = upper.startsWith("SIG") ? upper.substring(3) : upper;
    boolean known =
        NAMES.contains(name) || REAL_TIME.matcher(name).matches() || NUMBER.matcher(text).matches();
    if (!known) {
      throw new IllegalArgumentException(
          "invalid stop signal "
              + Text.quote(text)
              + ": expected a name as signal(7) has it or a number from 1 to 64, such as SIGTERM,"
              + " SIGRTMIN+3 or 15");
    }
  }

  /** The text as it was given. */
  @Override
  public String toString() {
    return text;
  }
}

package dev.cooper.text;

import java.time.Duration;
import java.util.Locale;

/** Times and sizes as a person reads them. */
public final class Amounts {
  private static final String[] UNITS = {"kB", "MB", "GB", "TB"};

  private Amounts() {}

  /** Such as {@code 6.2 ms}, {@code 43.3 s} or {@code 2 min 5 s}. */
  public static String time(Duration took) {
    double millis = took.toNanos() / 1e6;
    if (millis < 9.95) {
      return text("%.1f ms", millis);
    }
    if (millis < 999.5) {
      return text("%.0f ms", millis);
    }
    if (millis < 59_950) {
      return text("%.1f s", millis / 1000);
    }
    long seconds = Math.round(millis / 1000);
    return seconds < 3600
        ? text("%d min %d s", seconds / 60, seconds % 60)
        : text("%d h %d min", seconds / 3600, seconds % 3600 / 60);
  }

  /** Such as {@code 412 bytes}, {@code 1.2 kB} or {@code 120 MB}, in powers of 1000. */
  public static String bytes(long bytes) {
    if (bytes < 1000) {
      return bytes == 1 ? "1 byte" : bytes + " bytes";
    }
    double amount = bytes / 1000.0;
    int unit = 0;
    while (amount >= 999.5 && unit < UNITS.length - 1) {
      amount /= 1000;
      unit++;
    }
    return text(amount < 9.95 ? "%.1f %s" : "%.0f %s", amount, UNITS[unit]);
  }

  private static String text(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}

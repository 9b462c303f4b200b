package dev.cooper.text;

/** Permissions as callers give them: octal, 0 to 07777. */
public final class FileModes {
  private static final int HIGHEST = 07777;
  private static final int READ = 4;

  private FileModes() {}

  /**
   * Refuses what no file has.
   *
   * @throws IllegalArgumentException if the mode is not within 0 to 07777
   */
  public static void require(int mode) {
    if (mode < 0 || mode > HIGHEST) {
      throw new IllegalArgumentException(
          "invalid mode 0"
              + Integer.toOctalString(mode)
              + ": expected octal 0 to 07777, such as 0644"
              + (isOctal(Integer.toString(mode)) ? " (found " + mode + " in decimal)" : ""));
    }
  }

  /**
   * Refuses a decimal number whose digits are usual permissions, as somebody writes who forgot the
   * leading 0: 644 is 01204. Numbers of both kinds, such as 511, which is 0777, are octal.
   *
   * @throws IllegalArgumentException if it is such a number, or not within 0 to 07777
   */
  public static int requireOctal(int mode) {
    require(mode);
    String digits = Integer.toString(mode);
    if (digits.length() >= 3 && isOctal(digits)) {
      int meant = Integer.parseInt(digits, 8);
      if (isSensible(meant) && (!isSensible(mode) || isUsual(meant))) {
        throw new IllegalArgumentException(
            "invalid mode "
                + mode
                + ", which is 0"
                + Integer.toOctalString(mode)
                + " in octal: write 0"
                + digits
                + ", or \"0"
                + Integer.toOctalString(mode)
                + "\" if that is meant");
      }
    }
    return mode;
  }

  /** Reads octal digits. */
  public static int parse(String digits) {
    if (!isOctal(digits) || digits.length() > 6) {
      throw new IllegalArgumentException(
          "invalid mode \"" + digits + "\": expected octal 0 to 07777, such as 0644");
    }
    int mode = Integer.parseInt(digits, 8);
    require(mode);
    return mode;
  }

  private static boolean isOctal(String digits) {
    return !digits.isEmpty() && digits.chars().allMatch(c -> c >= '0' && c <= '7');
  }

  /** Whether the owner may read, and nobody may do what those before may not. */
  private static boolean isSensible(int mode) {
    int owner = mode >> 6 & 7;
    int group = mode >> 3 & 7;
    int others = mode & 7;
    return (owner & READ) != 0 && (owner & group) == group && (group & others) == others;
  }

  /** Whether all who may do anything may read. */
  private static boolean isUsual(int mode) {
    return isReader(mode >> 3 & 7) && isReader(mode & 7);
  }

  private static boolean isReader(int who) {
    return who == 0 || (who & READ) != 0;
  }
}

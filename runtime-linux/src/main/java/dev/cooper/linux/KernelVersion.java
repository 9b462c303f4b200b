package dev.cooper.linux;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A release of the kernel, as far as its first two numbers.
 *
 * @param major 6 of 6.1.187
 * @param minor 1 of 6.1.187
 */
record KernelVersion(int major, int minor) implements Comparable<KernelVersion> {
  private static final Pattern FORM = Pattern.compile("(\\d{1,6})\\.(\\d{1,6}).*");
  static final KernelVersion CURRENT = parse(System.getProperty("os.version", ""));

  /** What the beginning of a text says; 0.0 for one that says none. */
  static KernelVersion parse(String text) {
    Matcher form = FORM.matcher(text);
    return form.matches()
        ? new KernelVersion(Integer.parseInt(form.group(1)), Integer.parseInt(form.group(2)))
        : new KernelVersion(0, 0);
  }

  boolean isAtLeast(String other) {
    return compareTo(parse(other)) >= 0;
  }

  @Override
  public int compareTo(KernelVersion other) {
    return major != other.major
        ? Integer.compare(major, other.major)
        : Integer.compare(minor, other.minor);
  }
}

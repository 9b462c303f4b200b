package dev.cooper.text;

import dev.cooper.oci.Healthcheck;
import dev.cooper.oci.Text;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;

/**
 * The rules of the fields of an image's configuration, and of what commands take: a value that no
 * image may have is refused when it is given. Each method returns the value as it is kept. Sources:
 * OCI image-spec, "Image Configuration"; Dockerfile reference.
 */
public final class ImageFields {
  private static final Set<String> CHECKS = Set.of("NONE", "CMD", "CMD-SHELL");
  private static final Duration SHORTEST = Duration.ofMillis(1);
  private static final Instant LATEST = Instant.parse("9999-12-31T23:59:59Z");
  private static final Instant EARLIEST = Instant.parse("0000-01-01T00:00:00Z");

  private ImageFields() {}

  private static IllegalArgumentException invalid(String what, String found, String expected) {
    return new IllegalArgumentException(
        "invalid " + what + " " + Text.quote(found) + ": expected " + expected);
  }

  /** A text without NUL, where no program could be told of one. */
  public static String text(String what, String value) {
    Objects.requireNonNull(value, what);
    if (value.indexOf('\0') >= 0) {
      // Not shown: it may be a secret.
      throw new IllegalArgumentException(
          "invalid " + what + ": found a NUL, expected a text without");
    }
    return value;
  }

  /** Such a text that is not empty. */
  public static String nonEmpty(String what, String value) {
    if (text(what, value).isEmpty()) {
      throw invalid(what, value, "a text that is not empty");
    }
    return value;
  }

  /** Each of a command's words. */
  public static List<String> words(String what, String... arguments) {
    Objects.requireNonNull(arguments, what);
    for (String each : arguments) {
      text(what, each);
    }
    return List.of(arguments);
  }

  public static String variable(String name) {
    Objects.requireNonNull(name, "name");
    if (name.isEmpty() || name.indexOf('=') >= 0 || name.indexOf('\0') >= 0) {
      throw invalid("name of an environment variable", name, "a name without = and NUL");
    }
    return name;
  }

  /** A variable that may be set; its value is not shown, as it may be a secret. */
  public static void variable(String name, String value) {
    variable(name);
    Objects.requireNonNull(value, "value");
    if (value.indexOf('\0') >= 0) {
      throw new IllegalArgumentException(
          "invalid value of the environment variable "
              + Text.quote(name)
              + ": found a NUL, expected a text without");
    }
  }

  /** A name or an id, alone or with a group's after a colon; none for root, with a group too. */
  public static String user(String user) {
    Objects.requireNonNull(user, "user");
    boolean strange = user.chars().anyMatch(c -> Character.isISOControl(c) || c == '/');
    if (strange || user.indexOf(':') != user.lastIndexOf(':') || user.equals(":")) {
      throw invalid("user", user, "name, uid, name:group or uid:gid");
    }
    return user;
  }

  /** How an engine checks a container: times of 0 are the engine's own. */
  public static Healthcheck check(Healthcheck check) {
    List<String> test = check.test();
    if (!test.isEmpty() && !CHECKS.contains(test.get(0))) {
      throw invalid(
          "healthcheck", test.toString(), "a test that begins with NONE, CMD or CMD-SHELL");
    }
    test.forEach(each -> text("healthcheck", each));
    period("interval of a healthcheck", check.interval());
    period("timeout of a healthcheck", check.timeout());
    period("startPeriod of a healthcheck", check.startPeriod());
    period("startInterval of a healthcheck", check.startInterval());
    if (check.retries() < 0) {
      throw invalid("retries of a healthcheck", "" + check.retries(), "0 or more");
    }
    return check;
  }

  private static void period(String what, Duration period) {
    if (!period.isZero() && period.compareTo(SHORTEST) < 0) {
      throw invalid(what, period.toString(), "0, or 1 ms or more");
    }
  }

  /** A path of an image that something is mounted on. */
  public static String volume(String path) {
    String absolute = Paths.absolute("/", nonEmpty("volume", path));
    if (absolute.equals("/")) {
      throw invalid("volume", path, "a path below /");
    }
    return absolute;
  }

  /** An instruction that may wait for another build. */
  public static String trigger(String instruction) {
    String word = nonEmpty("instruction", instruction).strip().split("\\s", 2)[0];
    if (word.isEmpty()
        || Set.of("ONBUILD", "FROM", "MAINTAINER").contains(word.toUpperCase(Locale.ROOT))) {
      throw invalid(
          "instruction of ONBUILD",
          instruction,
          "an instruction other than ONBUILD, FROM and MAINTAINER");
    }
    return instruction;
  }

  /** A time that RFC 3339 can write, in whole seconds. */
  public static Instant created(Instant time) {
    Objects.requireNonNull(time, "time");
    if (time.isBefore(EARLIEST) || time.isAfter(LATEST)) {
      throw invalid("time", time.toString(), "a time in the years 0 to 9999");
    }
    return time;
  }
}

package dev.cooper.oci;

import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Times as RFC 3339 writes them, in UTC when written. */
final class Times {
  /** Narrower than ISO 8601: four digits of year, seconds always there, an offset always there. */
  private static final Pattern RFC_3339 =
      Pattern.compile(
          "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,9})?(Z|[+-]\\d\\d:\\d\\d)");

  private Times() {}

  static Instant parse(String text) {
    if (RFC_3339.matcher(text).matches()) {
      try {
        return OffsetDateTime.parse(text, DateTimeFormatter.ISO_OFFSET_DATE_TIME).toInstant();
      } catch (DateTimeParseException e) {
        throw new ContentException("found " + Text.quote(text) + ", expected a possible time", e);
      }
    }
    throw new ContentException(
        "found " + Text.quote(text) + ", expected a time such as 2024-01-31T12:00:00Z (RFC 3339)");
  }

  static @Nullable String write(@Nullable Instant time) {
    return time == null ? null : DateTimeFormatter.ISO_INSTANT.format(time);
  }
}

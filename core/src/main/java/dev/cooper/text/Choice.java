package dev.cooper.text;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** One of a few words, as a variable of the environment says it. */
public final class Choice {
  private Choice() {}

  /** As the environment and people call it. */
  public static String word(Enum<?> choice) {
    return choice.name().toLowerCase(Locale.ROOT);
  }

  /**
   * What a variable says.
   *
   * @param value of the variable, or null where it is not set
   * @param otherwise what is chosen where nothing is said
   * @throws IllegalArgumentException if it is none of the words
   */
  public static <E extends Enum<E>> E of(String variable, @Nullable String value, E otherwise) {
    if (value == null || value.isEmpty()) {
      return otherwise;
    }
    E[] all = otherwise.getDeclaringClass().getEnumConstants();
    return Arrays.stream(all)
        .filter(each -> word(each).equals(value))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    variable
                        + " is \""
                        + value
                        + "\", and has to be one of "
                        + Arrays.stream(all).map(Choice::word).collect(Collectors.joining(", "))));
  }
}

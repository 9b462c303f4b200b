package dev.cooper.text;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;

/**
 * Finds the nulls in what a caller's collection holds or function gives, and names the parameter.
 */
public final class Given {
  private Given() {}

  /**
   * Refuses a collection that is null or holds null.
   *
   * @throws NullPointerException with the parameter's name
   */
  public static <C extends Collection<?>> C all(C given, String parameter) {
    Objects.requireNonNull(given, parameter);
    for (Object each : given) {
      Objects.requireNonNull(each, () -> parameter + " holds null");
    }
    return given;
  }

  /**
   * An array as a list; neither it nor an element may be null.
   *
   * @throws NullPointerException with the parameter's name
   */
  public static <T> List<T> all(T[] given, String parameter) {
    Objects.requireNonNull(given, parameter);
    return List.copyOf(all(Arrays.asList(given), parameter));
  }

  /**
   * What a caller's function makes of the defaults.
   *
   * @throws NullPointerException with the parameter's name, if the function is or gives null
   */
  public static <T> T made(UnaryOperator<T> given, T defaults, String parameter) {
    Objects.requireNonNull(given, parameter);
    return Objects.requireNonNull(given.apply(defaults), () -> parameter + " gave null");
  }
}

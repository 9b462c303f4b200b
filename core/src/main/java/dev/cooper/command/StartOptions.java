package dev.cooper.command;

/**
 * Where the outputs of a {@linkplain dev.cooper.WorkingContainer#start(Command,
 * java.util.function.UnaryOperator) started} command go; immutable.
 *
 * @param streamed whether the caller reads them as streams, and has to; else the listener is told
 */
public record StartOptions(boolean streamed) {
  /** To the listener; nobody has to read anything. */
  public static final StartOptions DEFAULT = new StartOptions(false);

  /**
   * Lets the caller read both outputs as they come, by {@link dev.cooper.RunningCommand#stdout} and
   * {@link dev.cooper.RunningCommand#stderr}; what {@link ProcessBuilder} calls {@code
   * Redirect.PIPE}. The listener does not hear them.
   *
   * <p>Both have to be read, or closed: the command waits once 64 KiB of one lie there.
   *
   * @return options with that
   */
  public StartOptions streams() {
    return new StartOptions(true);
  }
}

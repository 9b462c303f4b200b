package dev.cooper;

import dev.cooper.oci.registry.TransferEvent;
import java.time.Duration;

/**
 * Something that happened while an image was built. Every step that starts also ends:
 *
 * <pre>
 * StepStarted
 *   Output*  Notice*
 * StepEnded
 * </pre>
 */
public sealed interface BuildEvent {
  /**
   * Which container it happened in.
   *
   * @return its name or id
   */
  String container();

  /**
   * A step begins.
   *
   * @param container its name or id
   * @param step what is done, as the history will say it
   */
  record StepStarted(String container, String step) implements BuildEvent {}

  /**
   * A step is done, or has failed.
   *
   * @param container its name or id
   * @param step what was done
   * @param took how long
   * @param succeeded whether it did
   */
  record StepEnded(String container, String step, Duration took, boolean succeeded)
      implements BuildEvent {}

  /**
   * A command wrote something.
   *
   * @param container its name or id
   * @param text what it wrote, cut anywhere
   * @param error whether to its standard error
   */
  record Output(String container, String text, boolean error) implements BuildEvent {}

  /**
   * A blob gets on, on its way from or to a registry. Such events come from several threads, one at
   * a time.
   *
   * @param container always {@code registry}
   * @param event what happened to it
   */
  record Transferred(String container, TransferEvent event) implements BuildEvent {}

  /**
   * Something was left out or done otherwise, and the user should know.
   *
   * @param container its name or id
   * @param message what and why
   */
  record Notice(String container, String message) implements BuildEvent {}
}

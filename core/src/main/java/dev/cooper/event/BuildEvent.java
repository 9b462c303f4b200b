package dev.cooper.event;

import dev.cooper.oci.Text;
import dev.cooper.oci.registry.TransferEvent;
import java.time.Duration;
import java.util.Locale;

/**
 * Something that happened while an image was built. Every step and every piece of work that starts
 * also ends:
 *
 * <pre>
 * StepStarted
 *   Output*  Notice*  Transferred*
 *   WorkStarted  WorkProgressed*  WorkEnded
 * StepEnded
 * </pre>
 *
 * Work also happens outside of steps, and several pieces of it at once.
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
   * @param step what is done, as text of a Dockerfile and as the history will say it (see {@code
   *     dev.cooper.step.Step}); COMMIT with its names for a commit
   */
  record StepStarted(String container, String step) implements BuildEvent {}

  /** How a step or a piece of work ended. */
  enum Outcome {
    /** It is done. */
    SUCCEEDED,
    /** It failed; who called for it has the exception. */
    FAILED,
    /** It was ended before it was done, as somebody wanted: cancelled, interrupted, or closed. */
    CANCELLED
  }

  /**
   * A step has ended. A command that {@code exec} or {@code start} ran succeeds with any exit
   * status: its caller decides.
   *
   * @param container its name or id
   * @param step what was done
   * @param took how long
   * @param outcome how
   */
  record StepEnded(String container, String step, Duration took, Outcome outcome)
      implements BuildEvent {
    /**
     * Whether it did what it should.
     *
     * @return false if it failed or was cancelled
     */
    public boolean succeeded() {
      return outcome == Outcome.SUCCEEDED;
    }
  }

  /**
   * A command wrote something.
   *
   * @param container its name or id
   * @param text what it wrote, in UTF-8, cut anywhere but within a character
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
  record Notice(String container, String message) implements BuildEvent {
    /**
     * Says it in one line, whatever strangers put into it.
     *
     * @param container its name or id
     * @param message what and why
     */
    public Notice {
      message = Text.line(message);
    }
  }

  /**
   * Work begins that is no step by itself, and may take seconds.
   *
   * @param container always {@code store}, as what is unpacked and compressed serves every
   *     container
   * @param work what is done
   */
  record WorkStarted(String container, Work work) implements BuildEvent {}

  /**
   * Work gets on; told at most ten times a second.
   *
   * @param container always {@code store}
   * @param work what is done
   * @param done bytes so far
   */
  record WorkProgressed(String container, Work work, long done) implements BuildEvent {}

  /**
   * Work is done, or has failed.
   *
   * @param container always {@code store}
   * @param work what was done
   * @param took how long
   * @param succeeded whether it did
   */
  record WorkEnded(String container, Work work, Duration took, boolean succeeded)
      implements BuildEvent {}

  /**
   * A piece of work.
   *
   * @param id tells it apart from others of one store that is open
   * @param kind what is done
   * @param subject to what, such as a layer's digest or a file
   * @param size bytes that there are to read, or 0 if nobody knows
   */
  record Work(long id, Kind kind, String subject, long size) {
    /**
     * Names the subject in one line, whatever strangers put into it.
     *
     * @param id tells it apart from others of one store that is open
     * @param kind what is done
     * @param subject to what, such as a layer's digest or a file
     * @param size bytes that there are to read, or 0 if nobody knows
     */
    public Work {
      subject = Text.line(subject);
    }

    /** What is done. */
    public enum Kind {
      /** An archive or a layer is looked into. */
      READ,
      /** A root filesystem or an archive's layer is brought into the store. */
      IMPORT,
      /** A layer of the store is unpacked. */
      UNPACK,
      /** A layer is compressed for an archive or a registry. */
      COMPRESS,
      /** A layer is written as it is. */
      WRITE,
      /** A Docker daemon gives an image. */
      RECEIVE,
      /** A Docker daemon is given an image. */
      SEND;

      /** The verb, in small letters. */
      @Override
      public String toString() {
        return name().toLowerCase(Locale.ROOT);
      }
    }

    /** What is done to what, such as {@code unpack sha256:…}. */
    @Override
    public String toString() {
      return kind + " " + subject;
    }
  }
}

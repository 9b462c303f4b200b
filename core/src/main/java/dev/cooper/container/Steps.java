package dev.cooper.container;

import dev.cooper.command.Command;
import dev.cooper.command.ExecResult;
import dev.cooper.error.ContainerStateException;
import dev.cooper.event.BuildEvent;
import dev.cooper.io.Io;
import dev.cooper.oci.OperationException;
import dev.cooper.progress.Patience;
import dev.cooper.spi.Cancellation;
import dev.cooper.step.Setting;
import dev.cooper.step.Source;
import dev.cooper.step.Step;
import dev.cooper.text.Instruction;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The one gate that a container's steps go through: one at a time, each told to the listener, each
 * in the history. Thread-safe: whoever would have to wait gets an error; several may copy from it
 * at once.
 */
public final class Steps {
  private final ContainerFiles files;

  /** For writing while a step is done; for reading while others copy from the container. */
  private final ReentrantReadWriteLock turns = new ReentrantReadWriteLock();

  private volatile @Nullable StartedCommand started;
  private boolean closed;

  public Steps(ContainerFiles files) {
    this.files = files;
  }

  // --- turns

  public boolean isClosed() {
    return closed;
  }

  /** From now on, no call is taken any more. */
  public void setClosed() {
    closed = true;
  }

  public void requireOpen() {
    if (closed) {
      throw new ContainerStateException(
          "container " + files.label() + " is closed: open it again by its name, or begin another");
    }
  }

  /** Does something that is no step, in its turn. */
  public <T> T locked(Supplier<T> call) {
    return locked(turns.writeLock(), call);
  }

  /** Does something that changes nothing, beside others who do. */
  private <T> T reading(Supplier<T> call) {
    return locked(
        turns.readLock(),
        () -> {
          files.mountForReaders();
          return call.get();
        });
  }

  private <T> T locked(Lock turn, Supplier<T> call) {
    if (!turn.tryLock()) {
      throw new ContainerStateException(inUse());
    }
    try {
      requireOpen();
      return Io.run("cannot use container " + files.label(), call::get);
    } finally {
      turn.unlock();
    }
  }

  private String inUse() {
    StartedCommand begun = started;
    return begun != null
        ? "container "
            + files.label()
            + " is in use: the command \""
            + begun.command()
            + "\" that start(...) began still runs: await or close it first"
        : "container "
            + files.label()
            + " is in use by another thread: a working container takes one call at a time";
  }

  /** Does something that listeners hear of, in its turn; a step, or a commit. */
  public <T> T told(String text, Supplier<T> call) {
    return locked(() -> tell(text, Patience.of(null, null), call));
  }

  private <T> T tell(String text, Patience patience, Supplier<T> call) {
    long began = System.nanoTime();
    BuildEvent.Outcome outcome = BuildEvent.Outcome.FAILED;
    files.events().tell(new BuildEvent.StepStarted(files.label(), text), patience);
    try {
      T result =
          Io.run(
              "cannot do \"" + Instruction.title(text) + "\" in container " + files.label(),
              call::get);
      outcome = BuildEvent.Outcome.SUCCEEDED;
      return result;
    } catch (OperationException e) {
      if (patience.isCancelled()
          || files.session().isClosed()
          || Thread.currentThread().isInterrupted()) {
        outcome = BuildEvent.Outcome.CANCELLED;
      }
      throw files.session().explained(e);
    } finally {
      BuildEvent ended =
          new BuildEvent.StepEnded(
              files.label(), text, Duration.ofNanos(System.nanoTime() - began), outcome);
      files
          .events()
          .tell(ended, outcome == BuildEvent.Outcome.SUCCEEDED ? patience.again() : Patience.NONE);
    }
  }

  // --- steps

  /** Performs a step. */
  public void perform(Step step) {
    String text = step.instruction();
    if (step instanceof Step.Run run) {
      running(
          run.command(),
          text,
          null,
          () -> {
            files.runs().run(run.command(), text);
            return step;
          });
    } else {
      told(
          text,
          () -> {
            act(step, text);
            return step;
          });
    }
  }

  private void act(Step step, String text) {
    if (step instanceof Setting.Workdir workdir) {
      files.directories().workdir(workdir, text);
    } else if (step instanceof Setting.Volume volume) {
      files.directories().volume(volume, text);
    } else if (step instanceof Setting setting) {
      files.draft().set(setting, text);
    } else if (step instanceof Step.Copy copy) {
      files.copies().copy(copy, text);
    } else if (step instanceof Step.Add add) {
      files.copies().add(add, text);
    } else if (step instanceof Step.Write write) {
      files.copies().write(write, text);
    }
  }

  /** Copies from another container, which others may copy from too, and nothing else is done to. */
  public void copyFrom(Step.Copy step, Steps other) {
    Source.Root source = (Source.Root) step.sources().get(0);
    String text = step.instruction();
    told(
        text,
        () ->
            other.reading(
                () -> {
                  files.copies().copyFrom(step, text, source.path(), other.files);
                  return step;
                }));
  }

  /** Runs a command, whatever its exit status. */
  public ExecResult exec(Command command) {
    String text = new Step.Run(command).instruction();
    return running(command, text, null, () -> files.runs().exec(command, text));
  }

  /** Starts the command of a step; nobody else has the container until its end. */
  public void start(StartedCommand command, Step.Run step) {
    String text = step.instruction();
    command.begin(
        begun ->
            running(
                command.command(),
                text,
                command.cancellation(),
                () -> {
                  started = command; // before its caller goes on, who may close the container
                  try {
                    begun.run();
                    return files.runs().stream(command, text);
                  } finally {
                    started = null;
                  }
                }));
  }

  /** Ends a command that was started and still runs, and waits for that. */
  public void endStarted() {
    StartedCommand begun = started;
    if (begun != null) {
      begun.stop();
    }
  }

  /** A step that runs a command, which no listener holds beyond its time. */
  private <T> T running(
      Command command, String text, @Nullable Cancellation cancellation, Supplier<T> call) {
    return locked(() -> tell(text, Patience.of(command.timeout(), cancellation), call));
  }

  /** What was done so far, as text of a Dockerfile. */
  public List<String> instructions() {
    return locked(() -> files.draft().texts());
  }
}

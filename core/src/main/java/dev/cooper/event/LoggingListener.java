package dev.cooper.event;

import dev.cooper.event.BuildEvent.Work;
import dev.cooper.oci.registry.TransferEvent;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/** Logs a build's events. Calls may come from any thread, one at a time. */
final class LoggingListener implements BuildListener {
  private final Logger to;
  private final Set<Work> working = new HashSet<>();
  private final Map<String, OutputText> outputs = new HashMap<>();

  LoggingListener(Logger to) {
    this.to = to;
  }

  @Override
  public void on(BuildEvent event) {
    if (event instanceof BuildEvent.StepStarted started) {
      log(Level.INFO, () -> EventText.step(started));
    } else if (event instanceof BuildEvent.Output output) {
      output(output);
    } else if (event instanceof BuildEvent.Notice notice) {
      log(Level.WARNING, () -> EventText.notice(notice));
    } else if (event instanceof BuildEvent.StepEnded ended) {
      ended(ended);
    } else if (event instanceof BuildEvent.Transferred transferred) {
      transfer(transferred.event());
    } else if (event instanceof BuildEvent.WorkProgressed progressed) {
      if (working.add(progressed.work())) {
        log(Level.INFO, () -> EventText.work(progressed.work()));
      }
    } else if (event instanceof BuildEvent.WorkEnded ended && working.remove(ended.work())) {
      log(ended.succeeded() ? Level.INFO : Level.WARNING, () -> EventText.ended(ended));
    }
  }

  private void ended(BuildEvent.StepEnded ended) {
    OutputText out = outputs.remove(ended.container());
    if (out != null) {
      lines(ended.container(), out.rest());
    }
    log(
        ended.outcome() == BuildEvent.Outcome.FAILED ? Level.WARNING : Level.DEBUG,
        () -> EventText.ended(ended) + ": " + EventText.line(ended.step()));
  }

  private void output(BuildEvent.Output output) {
    if (to.isLoggable(Level.DEBUG)) {
      OutputText text = outputs.computeIfAbsent(output.container(), unheard -> new OutputText());
      lines(output.container(), text.lines(output.text()));
    }
  }

  private void lines(String container, String text) {
    text.lines().forEach(each -> log(Level.DEBUG, () -> EventText.prefix(container) + each));
  }

  private void transfer(TransferEvent event) {
    if (event instanceof TransferEvent.Retried retried) {
      log(Level.WARNING, () -> EventText.retried(retried));
    } else if (event instanceof TransferEvent.Ended ended) {
      log(Level.INFO, () -> EventText.ended(ended));
    }
  }

  private void log(Level level, Supplier<String> text) {
    if (to.isLoggable(level)) {
      to.log(level, text.get());
    }
  }
}

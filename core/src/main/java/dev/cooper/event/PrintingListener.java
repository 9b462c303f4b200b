package dev.cooper.event;

import dev.cooper.event.BuildEvent.Work;
import dev.cooper.oci.registry.Transfer;
import dev.cooper.oci.registry.TransferEvent;
import java.io.PrintStream;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Prints a build's events as lines. Work and transfers get theirs only once they have taken a
 * moment. Calls may come from any thread, one at a time.
 */
final class PrintingListener implements BuildListener {
  /** Smaller blobs are over before anybody wonders. */
  private static final long LARGE = 1_000_000;

  private final Consumer<String> to;
  private final boolean prefixed;
  private final Map<Source, OutputText> outputs = new HashMap<>();
  private final Set<Work> working = new HashSet<>();
  private final Set<Transfer> moving = new HashSet<>();

  /** Whose line is not at its end, if any is. */
  private @Nullable Source open;

  /** One of a container's two outputs. */
  private record Source(String container, boolean error) {}

  private PrintingListener(Consumer<String> to, boolean prefixed) {
    this.to = to;
    this.prefixed = prefixed;
  }

  /** Prints what commands write as they write it. */
  PrintingListener(PrintStream to) {
    this(flushed(to));
  }

  /** The same, to what takes text and shows it at once. */
  PrintingListener(Consumer<String> to) {
    this(to, false);
  }

  static PrintingListener prefixed(PrintStream to) {
    return new PrintingListener(flushed(to), true);
  }

  static Consumer<String> flushed(PrintStream to) {
    return text -> {
      to.print(text);
      to.flush();
    };
  }

  @Override
  public void on(BuildEvent event) {
    if (event instanceof BuildEvent.StepStarted started) {
      line(EventText.step(started));
    } else if (event instanceof BuildEvent.Output output) {
      output(output);
    } else if (event instanceof BuildEvent.Notice notice) {
      line(EventText.notice(notice));
    } else if (event instanceof BuildEvent.StepEnded ended) {
      rest(new Source(ended.container(), false));
      rest(new Source(ended.container(), true));
      line(EventText.ended(ended));
    } else if (event instanceof BuildEvent.Transferred transferred) {
      transfer(transferred.event());
    } else if (event instanceof BuildEvent.WorkProgressed progressed) {
      if (working.add(progressed.work())) {
        line(EventText.work(progressed.work()));
      }
    } else if (event instanceof BuildEvent.WorkEnded ended && working.remove(ended.work())) {
      line(EventText.ended(ended));
    }
  }

  private void transfer(TransferEvent event) {
    Transfer transfer = event.transfer();
    if (event instanceof TransferEvent.Progressed) {
      if (transfer.blob().size() >= LARGE && moving.add(transfer)) {
        line(EventText.transfer(transfer));
      }
    } else if (event instanceof TransferEvent.Retried retried) {
      line(EventText.retried(retried));
    } else if (event instanceof TransferEvent.Ended ended) {
      moving.remove(transfer);
      line(EventText.ended(ended));
    }
  }

  /** Whether what is printed next begins a line. */
  boolean isAtLineStart() {
    return open == null;
  }

  /** Prints a line of its own, whatever was printed before it. */
  void line(String text) {
    endLine();
    to.accept(text + System.lineSeparator());
  }

  private void endLine() {
    if (open != null) {
      open = null;
      to.accept(System.lineSeparator());
    }
  }

  // --- what commands write

  private void output(BuildEvent.Output output) {
    Source source = new Source(output.container(), output.error());
    OutputText text = outputs.computeIfAbsent(source, unheard -> new OutputText());
    if (prefixed) {
      lines(source, text.lines(output.text()));
    } else {
      print(source, text.shown(output.text()));
    }
  }

  private void rest(Source source) {
    OutputText text = outputs.remove(source);
    if (text != null) {
      String rest = text.rest();
      if (!prefixed) {
        print(source, rest);
      } else if (!rest.isEmpty()) {
        lines(source, rest);
      }
    }
  }

  private void lines(Source source, String text) {
    text.lines().forEach(each -> line(EventText.prefix(source.container) + each));
  }

  /** Goes on with a line of the same source, and else begins one. */
  private void print(Source source, String text) {
    if (text.isEmpty()) {
      return;
    }
    if (!source.equals(open)) {
      endLine();
    }
    to.accept(text);
    open = text.endsWith("\n") ? null : source;
  }
}

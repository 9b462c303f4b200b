package dev.cooper.event;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.Cooper;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.event.BuildEvent.Work;
import dev.cooper.image.SaveOptions;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.registry.Transfer;
import dev.cooper.oci.registry.TransferEvent;
import dev.cooper.progress.EventChannel;
import dev.cooper.progress.Progress;
import dev.cooper.text.Amounts;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.ResourceBundle;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ListenersTest {
  private static final Work UNPACK =
      new Work(1, Work.Kind.UNPACK, "sha256:" + "ab".repeat(32), 120_000_000);

  private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
  private final PrintStream to = new PrintStream(printed, true, StandardCharsets.UTF_8);

  @TempDir private Path temp;

  private String printed() {
    return printed.toString(StandardCharsets.UTF_8);
  }

  private static void tell(BuildListener listener, BuildEvent... events) {
    for (BuildEvent event : events) {
      listener.on(event);
    }
  }

  private static BuildEvent started(String container) {
    return new BuildEvent.StepStarted(container, "RUN make");
  }

  private static BuildEvent wrote(String container, String text) {
    return new BuildEvent.Output(container, text, false);
  }

  private static BuildEvent ended(String container, Duration took) {
    return new BuildEvent.StepEnded(container, "RUN make", took, BuildEvent.Outcome.SUCCEEDED);
  }

  // --- plain

  @Test
  void plainShowsOutputAtOnceAndTimesAsAPersonReadsThem() {
    BuildListener listener = BuildListener.plain(to);

    tell(listener, started("c"), wrote("c", "one\ntw"));
    assertThat(printed()).isEqualTo("[c] RUN make\none\ntw");
    tell(listener, wrote("c", "o"), ended("c", Duration.ofNanos(43_285_000_000L)));

    assertThat(printed()).isEqualTo("[c] RUN make\none\ntwo\n[c] done in 43.3 s\n");
  }

  @Test
  void plainBreaksNoLineOfAnothersContainer() {
    tell(
        BuildListener.plain(to),
        wrote("a", "half a "),
        wrote("b", "whole\n"),
        wrote("a", "line"),
        new BuildEvent.Notice("b", "left out"));

    assertThat(printed()).isEqualTo("half a \nwhole\nline\n[b] note: left out\n");
  }

  @Test
  void outputMovesNoCursor() {
    tell(BuildListener.plain(to), wrote("c", "a\u001b[2J\u202eb\tc\r"), wrote("c", "\nd"));

    assertThat(printed()).isEqualTo("a\\u001b[2J\\u202eb\tc\nd");
  }

  @Test
  void whatStrangersWroteIsShownInOneLine() {
    tell(
        BuildListener.plain(to),
        new BuildEvent.StepStarted("c\u001b[1m", "RUN a\u0007\nb"),
        new BuildEvent.Notice("c", "x\r\n[c] done"),
        new BuildEvent.WorkProgressed("store", new Work(2, Work.Kind.READ, "f\u0085", 0), 5));

    assertThat(printed())
        .isEqualTo(
            "[c\\u001b[1m] RUN a\\u0007 …\n[c] note: x\\u000d\\u000a[c] done\n[store] read f\\u0085\n");
  }

  @Test
  void workIsToldOnlyIfItTakesAMoment() {
    BuildListener listener = BuildListener.plain(to);

    tell(listener, new BuildEvent.WorkStarted("store", UNPACK));
    tell(listener, new BuildEvent.WorkEnded("store", UNPACK, Duration.ofMillis(3), true));
    assertThat(printed()).isEmpty();
    tell(
        listener,
        new BuildEvent.WorkStarted("store", UNPACK),
        new BuildEvent.WorkProgressed("store", UNPACK, 1),
        new BuildEvent.WorkProgressed("store", UNPACK, 2),
        new BuildEvent.WorkEnded("store", UNPACK, Duration.ofSeconds(125), true));

    assertThat(printed())
        .isEqualTo(
            "[store] unpack abababababab, 120 MB\n[store] unpack abababababab: done in 2 min 5 s\n");
  }

  // --- prefixed

  @Test
  void prefixedShowsWholeLinesEachWithItsContainer() {
    tell(
        BuildListener.prefixed(to),
        started("a"),
        wrote("a", "on"),
        wrote("b", "two\nthr"),
        wrote("a", "e\n"),
        ended("b", Duration.ofMillis(12)));

    assertThat(printed()).isEqualTo("[a] RUN make\n[b] two\n[a] one\n[b] thr\n[b] done in 12 ms\n");
  }

  @Test
  void prefixedWaitsForNoLineThatDoesNotEnd() {
    BuildListener listener = BuildListener.prefixed(to);
    String chunk = "x".repeat(1000);
    IntStream.range(0, 100).forEach(each -> tell(listener, wrote("a", chunk)));

    assertThat(printed().length()).isGreaterThan(80_000);
    assertThat(printed().lines()).allMatch(line -> line.startsWith("[a] x"));
  }

  // --- bars

  @Test
  void linesThatArePrintedWhileBarsMoveStayAboveThem() {
    BarListener listener = new BarListener(to);
    tell(
        listener,
        new BuildEvent.WorkProgressed("store", UNPACK, 60_000_000),
        started("c"),
        wrote("c", "half"),
        new BuildEvent.WorkProgressed("store", UNPACK, 90_000_000),
        wrote("c", " and half\n"),
        new BuildEvent.WorkEnded("store", UNPACK, Duration.ofSeconds(2), true));

    String half = "unpack abababababab [============            ] 60 MB of 120 MB\n";
    String more = "unpack abababababab [==================      ] 90 MB of 120 MB\n";
    String erase = "\u001b[1A\u001b[J";
    assertThat(printed())
        .isEqualTo(
            half
                + erase
                + "[c] RUN make\n"
                + half
                + erase
                + "half and half\n"
                + more
                + erase
                + "[store] unpack abababababab: done in 2.0 s\n");
  }

  @Test
  void barsOfSeveralTransfersAreErasedTogether() {
    BarListener listener = new BarListener(to);
    Transfer one = transfer(2_000_000);
    Transfer two = transfer(3_000_000);
    tell(
        listener,
        transferred(new TransferEvent.Progressed(one, 1_000_000)),
        transferred(new TransferEvent.Progressed(two, 1_000_000)));
    printed.reset();
    tell(listener, transferred(new TransferEvent.Ended(one, Transfer.Outcome.TRANSFERRED)));

    assertThat(printed())
        .startsWith("\u001b[2A\u001b[J[r.test/app] download ")
        .contains(" transferred, 2.0 MB\n")
        .endsWith("1.0 MB of 3.0 MB\n");
  }

  private static Transfer transfer(int size) {
    Descriptor blob = Descriptor.of(MediaType.OCI_LAYER, new byte[size]);
    return new Transfer(Transfer.Direction.DOWNLOAD, "r.test", "app", blob);
  }

  private static BuildEvent transferred(TransferEvent event) {
    return new BuildEvent.Transferred("registry", event);
  }

  // --- logger

  @Test
  void loggerHasALevelForEachKindOfEvent() {
    List<String> logged = new ArrayList<>();
    tell(
        BuildListener.logger(new Recorder(logged)),
        started("c"),
        wrote("c", "li"),
        wrote("c", "ne\nrest"),
        new BuildEvent.Notice("c", "left out"),
        ended("c", Duration.ofMillis(12)),
        new BuildEvent.StepEnded("c", "RUN make", Duration.ofMillis(12), BuildEvent.Outcome.FAILED),
        new BuildEvent.WorkProgressed("store", UNPACK, 1),
        new BuildEvent.WorkEnded("store", UNPACK, Duration.ofSeconds(2), true));

    assertThat(logged)
        .containsExactly(
            "INFO [c] RUN make",
            "DEBUG [c] line",
            "WARNING [c] note: left out",
            "DEBUG [c] rest",
            "DEBUG [c] done in 12 ms: RUN make",
            "WARNING [c] FAILED after 12 ms: RUN make",
            "INFO [store] unpack abababababab, 120 MB",
            "INFO [store] unpack abababababab: done in 2.0 s");
  }

  /** Keeps what is logged. */
  private record Recorder(List<String> logged) implements System.Logger {
    @Override
    public String getName() {
      return "recorder";
    }

    @Override
    public boolean isLoggable(Level level) {
      return true;
    }

    @Override
    public void log(
        Level level,
        @Nullable ResourceBundle bundle,
        @Nullable String message,
        @Nullable Throwable thrown) {
      logged.add(level + " " + message);
    }

    @Override
    public void log(
        Level level,
        @Nullable ResourceBundle bundle,
        @Nullable String format,
        Object @Nullable ... parameters) {
      logged.add(level + " " + format);
    }
  }

  // --- a session's

  @Test
  void callsToOneListenerNeverOverlap() throws InterruptedException {
    AtomicBoolean inside = new AtomicBoolean();
    AtomicBoolean overlapped = new AtomicBoolean();
    EventChannel serial =
        new EventChannel(
            event -> {
              overlapped.compareAndSet(false, inside.getAndSet(true));
              Thread.onSpinWait();
              inside.set(false);
            },
            () -> false);
    List<Thread> threads =
        IntStream.range(0, 4)
            .mapToObj(
                each ->
                    new Thread(
                        () -> IntStream.range(0, 2000).forEach(n -> serial.tell(started("c")))))
            .toList();
    threads.forEach(Thread::start);
    for (Thread each : threads) {
      each.join();
    }
    assertThat(overlapped).isFalse();
  }

  @Test
  void importAndSavingAreToldAsWorkThatEnds() {
    List<BuildEvent> events = new ArrayList<>();
    Path root = temp.resolve("root");
    try (Cooper cooper =
        Cooper.builder().store(temp.resolve("store")).listener(events::add).build()) {
      assertThat(root.toFile().mkdir()).isTrue();
      Image image = cooper.importRoot(root);
      cooper.save(
          List.of(image), temp.resolve("a.tar"), SaveOptions.ociArchive()); // compresses its layer
    }
    List<Work> begun = new ArrayList<>();
    List<Work> done = new ArrayList<>();
    for (BuildEvent event : events) {
      if (event instanceof BuildEvent.WorkStarted started) {
        begun.add(started.work());
      } else if (event instanceof BuildEvent.WorkEnded ended && ended.succeeded()) {
        done.add(ended.work());
      }
    }
    assertThat(done).containsExactlyElementsOf(begun);
    assertThat(done).extracting(Work::kind).containsExactly(Work.Kind.IMPORT, Work.Kind.COMPRESS);
    assertThat(done.get(0).subject()).isEqualTo(root.toString());
  }

  @Test
  void withoutAListenerStepsAreLoggedAndNothingIsPrinted() {
    List<String> logged = new ArrayList<>();
    Logger logger = Logger.getLogger("dev.cooper");
    Handler handler =
        new Handler() {
          @Override
          public void publish(LogRecord logging) {
            logged.add(logging.getLevel() + " " + logging.getMessage());
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    PrintStream out = System.out;
    logger.setUseParentHandlers(false);
    logger.addHandler(handler);
    System.setOut(to);
    try (Cooper cooper = Cooper.builder().store(temp.resolve("store")).build();
        WorkingContainer container = cooper.scratch().name("c")) {
      container.write("/f", "text");
      container.remove();
    } finally {
      System.setOut(out);
      logger.removeHandler(handler);
      logger.setUseParentHandlers(true);
    }
    assertThat(logged).contains("INFO [c] COPY f /f");
    assertThat(printed()).isEmpty();
  }

  @Test
  void workThatLastsIsToldAtMostTenTimesASecond() {
    List<BuildEvent> events = new ArrayList<>();
    long[] now = {0};
    Progress progress = new Progress(events::add, () -> now[0]);
    try (Progress.Piece work = progress.begin(Work.Kind.IMPORT, "f", 500)) {
      for (int i = 0; i < 50; i++) {
        now[0] += 10_000_000;
        work.add(10);
      }
      work.succeed();
    }
    assertThat(events).hasSize(7);
    assertThat(events.get(1))
        .isInstanceOfSatisfying(
            BuildEvent.WorkProgressed.class, first -> assertThat(first.done()).isEqualTo(100));
    assertThat(events.get(6))
        .isInstanceOfSatisfying(
            BuildEvent.WorkEnded.class,
            end -> assertThat(end.took()).isEqualTo(Duration.ofMillis(500)));
  }

  @Test
  void amountsAreReadable() {
    assertThat(Amounts.time(Duration.ofNanos(6_160_000))).isEqualTo("6.2 ms");
    assertThat(Amounts.time(Duration.ofNanos(999_600_000))).isEqualTo("1.0 s");
    assertThat(Amounts.time(Duration.ofMillis(59_960))).isEqualTo("1 min 0 s");
    assertThat(Amounts.time(Duration.ofMinutes(150))).isEqualTo("2 h 30 min");
    assertThat(Amounts.bytes(1)).isEqualTo("1 byte");
    assertThat(Amounts.bytes(999)).isEqualTo("999 bytes");
    assertThat(Amounts.bytes(9_960)).isEqualTo("10 kB");
    assertThat(Amounts.bytes(999_600)).isEqualTo("1.0 MB");
    assertThat(Amounts.bytes(2_340_000_000L)).isEqualTo("2.3 GB");
  }

  @Test
  void barsAreWrittenWhereTheListenerWasToldTo() {
    ByteArrayOutputStream written = new ByteArrayOutputStream();
    PrintStream to = new PrintStream(written, true, StandardCharsets.UTF_8);
    Descriptor blob = Descriptor.of(MediaType.OCI_LAYER, new byte[2_000_000]);
    Transfer transfer = new Transfer(Transfer.Direction.DOWNLOAD, "r.test", "app", blob);
    BarListener listener = new BarListener(to);
    for (TransferEvent each :
        List.of(
            new TransferEvent.Started(transfer),
            new TransferEvent.Progressed(transfer, 1_000_000),
            new TransferEvent.Ended(transfer, Transfer.Outcome.TRANSFERRED))) {
      listener.on(new BuildEvent.Transferred("registry", each));
    }
    assertThat(written.toString(StandardCharsets.UTF_8))
        .contains("download " + blob.digest().hex().substring(0, 12))
        .contains("transferred");
  }

  /** As a terminal would show it: apt's "Reading database … 5%" writes over itself. */
  @Test
  void outputThatWritesOverItselfIsShownAsItEnded() {
    OutputText whole = new OutputText();
    assertThat(whole.lines("(1%\r(50%\r(do")).isEmpty();
    assertThat(whole.lines("ne)\nplain\r\nlast\rl")).isEqualTo("(done)\nplain\n");
    assertThat(whole.rest()).isEqualTo("l");
    OutputText cut = new OutputText();
    assertThat(cut.shown("(1%\r(50%\r")).isEqualTo("(1%\n(50%");
    assertThat(cut.shown("\n")).isEqualTo("\n");
  }
}

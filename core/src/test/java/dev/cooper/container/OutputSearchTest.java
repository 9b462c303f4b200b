package dev.cooper.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.OperationException;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Waits for text that comes from another thread; each would hang where its title does not hold. */
@Timeout(60)
class OutputSearchTest {
  private static final long LONG = TimeUnit.HOURS.toNanos(1);
  private static final long SHORT = TimeUnit.MILLISECONDS.toNanos(100);

  /** Tries every way to cut the a's into groups before it gives up. */
  private static final Pattern ENDLESS = Pattern.compile("(a+)+\\1b");

  private final AtomicBoolean cancelled = new AtomicBoolean();
  private final CountDownLatch matching = new CountDownLatch(1);

  private OutputSearch search(TailOutput tail, Pattern pattern) {
    return new OutputSearch(
        tail,
        pattern,
        () -> {
          matching.countDown(); // it is asked in the midst of a match
          return cancelled.get();
        });
  }

  /** Searches in a thread of its own. */
  private CompletableFuture<Optional<MatchResult>> searching(
      TailOutput tail, Pattern pattern, CompletableFuture<Thread> thread) {
    CompletableFuture<Optional<MatchResult>> end = new CompletableFuture<>();
    Thread searching =
        new Thread(
            () -> {
              try {
                end.complete(search(tail, pattern).await(LONG));
              } catch (Exception | Error e) {
                end.completeExceptionally(e);
              }
            });
    searching.setDaemon(true);
    thread.complete(searching);
    searching.start();
    return end;
  }

  private static TailOutput tail(int size, String text) {
    TailOutput tail = new TailOutput(size);
    tail.write(text);
    return tail;
  }

  @Test
  void awaitWhenTheTextComesInPiecesGivesTheMatch() {
    TailOutput tail = tail(200, "noise".repeat(20) + "por");
    var found = searching(tail, Pattern.compile("port (\\d+)!"), new CompletableFuture<>());
    tail.write("t 80");
    tail.write("80!" + "noise".repeat(20));
    tail.end();
    assertThat(found.join().orElseThrow().group(1)).isEqualTo("8080");
  }

  @Test
  void awaitWhenTheTextIsThereNeedsNoTime() throws Exception {
    assertThat(search(tail(16, "late"), Pattern.compile("la.e")).await(0)).isPresent();
    assertThatThrownBy(() -> search(tail(16, "late"), Pattern.compile("never")).await(0))
        .isInstanceOf(TimeoutException.class)
        .hasMessage(null);
  }

  @Test
  void awaitWhenNoMoreIsWrittenGivesNothing() throws Exception {
    TailOutput tail = tail(16, "");
    var found = searching(tail, Pattern.compile("never"), new CompletableFuture<>());
    tail.write("something else");
    tail.end();
    assertThat(found.join()).isEmpty();
    assertThat(search(tail, Pattern.compile("else")).await(LONG)).isPresent();
  }

  @ParameterizedTest
  @CsvSource({"(a+)+\\1b, 60", "(a*)*b, 300000", "(a+)+$b, 300000"})
  void awaitWhenThePatternBacktracksEndsWithItsTime(String pattern, int length) {
    TailOutput tail = tail(length, "a".repeat(length));
    assertThatThrownBy(() -> search(tail, Pattern.compile(pattern)).await(SHORT))
        .isInstanceOf(TimeoutException.class)
        .hasMessage("the match itself, against " + length + " characters, took longer");
  }

  @Test
  void writeWhenAMatchBacktracksGoesOn() throws Exception {
    TailOutput tail = tail(1000, "a".repeat(60));
    CompletableFuture<Thread> thread = new CompletableFuture<>();
    var found = searching(tail, ENDLESS, thread);
    matching.await();
    for (int i = 0; i < 10_000; i++) {
      tail.write("a".repeat(1000));
    }
    assertThat(tail.text()).hasSize(1000);
    assertThat(found).isNotDone();
    thread.join().interrupt();
    assertThatThrownBy(found::get).hasCauseInstanceOf(InterruptedException.class);
  }

  @Test
  void awaitWhenTheCommandIsCancelledEndsInTheMidstOfAMatch() throws Exception {
    var found = searching(tail(1000, "a".repeat(60)), ENDLESS, new CompletableFuture<>());
    matching.await();
    cancelled.set(true);
    assertThat(found.get()).isEmpty();
  }

  @Test
  void awaitWhenThePatternRecursesTooDeeplySaysWhatToWrite() {
    TailOutput tail = tail(1 << 20, "a".repeat(1 << 20));
    assertThatThrownBy(() -> search(tail, Pattern.compile("(a|b)*c")).await(LONG))
        .isInstanceOf(OperationException.class)
        .hasMessageStartingWith("cannot look for \"(a|b)*c\" in 1048576 characters of output: ")
        .hasMessageContaining("(a|b)*+")
        .hasCauseInstanceOf(StackOverflowError.class);
  }
}

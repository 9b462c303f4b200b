package dev.cooper.progress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.event.BuildEvent;
import dev.cooper.spi.Cancellation;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class EventChannelTest {
  private final List<String> heard = new CopyOnWriteArrayList<>();
  private final CountDownLatch in = new CountDownLatch(1);
  private final CountDownLatch release = new CountDownLatch(1);
  private final AtomicBoolean closed = new AtomicBoolean();
  private final EventChannel channel = new EventChannel(this::block, closed::get);

  private static BuildEvent event(String message) {
    return new BuildEvent.Notice("c", message);
  }

  /** A listener that hears "block" blocks until it is released, interrupted or not. */
  private void block(BuildEvent event) {
    String message = ((BuildEvent.Notice) event).message();
    if (message.equals("block")) {
      in.countDown();
      boolean released = false;
      while (!released) {
        try {
          release.await();
          released = true;
        } catch (InterruptedException e) {
          continue; // as a write to a full pipe
        }
      }
    }
    heard.add(message);
  }

  @Test
  void tellWhenTheListenerIsQuickReturnsAfterItHeard() {
    for (int i = 0; i < 100; i++) {
      channel.tell(event("" + i));
      assertThat(heard).hasSize(i + 1).endsWith("" + i);
    }
  }

  @Test
  void tellWhenTheListenerBlocksReturnsOncePatienceIsOverAndTellsLater() throws Exception {
    channel.tell(event("block"), Patience.NONE);
    Cancellation cancellation = new Cancellation();
    cancellation.cancel();
    channel.tell(event("cancelled"), Patience.of(null, cancellation));
    channel.tell(event("late"), Patience.of(Duration.ofMillis(10), null));
    Thread.currentThread().interrupt();
    channel.tell(event("interrupted"), Patience.of(null, null));
    assertThat(Thread.interrupted()).isTrue();
    closed.set(true);
    channel.tell(event("closed"), Patience.of(null, null));
    assertThat(heard).isEmpty();

    closed.set(false); // else nobody would wait for the listener
    CompletableFuture<Void> last =
        CompletableFuture.runAsync(() -> channel.tellHere(event("last"), () -> true));
    release.countDown();
    last.get(10, TimeUnit.SECONDS);
    channel.tell(event("end"), Patience.of(null, null));
    assertThat(heard)
        .startsWith("block", "cancelled", "late", "interrupted", "closed")
        .contains("last", "end");
  }

  @Test
  void tellHereWhenItIsNotWantedAnyMoreTellsNothing() throws Exception {
    channel.tell(event("block"), Patience.NONE);
    in.await();
    AtomicBoolean wanted = new AtomicBoolean(true);
    CompletableFuture<Void> output =
        CompletableFuture.runAsync(() -> channel.tellHere(event("output"), wanted::get));
    wanted.set(false);
    release.countDown();
    output.get(10, TimeUnit.SECONDS);
    channel.tell(event("end"), Patience.of(null, null));
    assertThat(heard).containsExactly("block", "end");
  }

  @Test
  void tellWhenTheListenerThrowsThrowsThatAndGoesOn() {
    EventChannel throwing =
        new EventChannel(
            event -> {
              throw new IllegalStateException("the listener's");
            },
            () -> false);
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> throwing.tell(event("x"))).hasMessage("the listener's");
      assertThatThrownBy(() -> throwing.tellHere(event("x"), () -> true))
          .hasMessage("the listener's");
    }
  }

  @Test
  void tellWhenTheListenerItselfTellsDoesNotWaitForItself() {
    AtomicInteger depth = new AtomicInteger();
    EventChannel[] own = new EventChannel[1];
    own[0] =
        new EventChannel(
            event -> {
              if (depth.incrementAndGet() < 4) {
                own[0].tell(event);
              }
            },
            () -> false);
    own[0].tell(event("x"));
    assertThat(depth).hasValue(4);
  }

  @Test
  void tellWhenManyTellAtOnceTellsOneAtATime() throws Exception {
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger all = new AtomicInteger();
    AtomicBoolean together = new AtomicBoolean();
    EventChannel one =
        new EventChannel(
            event -> {
              together.compareAndSet(false, inside.incrementAndGet() > 1);
              all.incrementAndGet();
              inside.decrementAndGet();
            },
            () -> false);
    Thread[] threads = new Thread[8];
    for (int i = 0; i < threads.length; i++) {
      boolean here = i % 2 == 0;
      threads[i] =
          new Thread(
              () -> {
                for (int j = 0; j < 300; j++) {
                  if (here) {
                    one.tellHere(event("x"), () -> true);
                  } else {
                    one.tell(event("x"));
                  }
                }
              });
      threads[i].start();
    }
    for (Thread each : threads) {
      each.join();
    }
    assertThat(together).isFalse();
    assertThat(all).hasValue(2400);
  }
}

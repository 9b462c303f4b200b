package dev.cooper.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.io.Io;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class OutputPipeTest {
  /** Each write in a thread of its own, which ends before the next: JDK's pipes break then. */
  @Test
  void readWhenWrittenByOneThreadAfterTheOtherGivesAllInOrder() throws Exception {
    OutputPipe pipe = new OutputPipe(100);
    byte[] all = new byte[5000];
    new Random(3).nextBytes(all);
    CompletableFuture<byte[]> read = new CompletableFuture<>();
    Thread reader = new Thread(() -> read.complete(Io.run("read", pipe::readAllBytes)));
    reader.start();
    for (int at = 0; at < all.length; at += 250) {
      int from = at;
      Thread writer =
          new Thread(
              () ->
                  Io.run(
                      "write",
                      () -> {
                        pipe.end().write(all, from, 250);
                        return true;
                      }));
      writer.start();
      writer.join();
    }
    pipe.end().close();
    assertThat(read.get(10, TimeUnit.SECONDS)).isEqualTo(all);
    reader.join();
  }

  @Test
  void writeWhenNobodyReadsAnyMoreOrItHasEndedReturns() throws Exception {
    OutputPipe closed = new OutputPipe(10);
    closed.close();
    closed.end().write(new byte[50]);
    assertThat(closed.read()).isEqualTo(-1);

    OutputPipe ended = new OutputPipe(10);
    CompletableFuture<Boolean> written = CompletableFuture.supplyAsync(() -> fill(ended.end()));
    assertThat(ended.read()).isEqualTo(7);
    ended.finish();
    assertThat(written.get(10, TimeUnit.SECONDS)).isTrue();
    assertThat(ended.readAllBytes()).hasSizeBetween(9, 10).containsOnly(7);
  }

  private static boolean fill(OutputStream to) {
    byte[] sevens = new byte[500];
    java.util.Arrays.fill(sevens, (byte) 7);
    return Io.run(
        "write",
        () -> {
          to.write(sevens);
          return true;
        });
  }

  @Test
  void readWhenInterruptedThrowsAndKeepsTheFlag() {
    OutputPipe pipe = new OutputPipe(10);
    Thread.currentThread().interrupt();
    assertThatThrownBy(pipe::read).isInstanceOf(InterruptedIOException.class);
    assertThat(Thread.interrupted()).isTrue();
  }
}

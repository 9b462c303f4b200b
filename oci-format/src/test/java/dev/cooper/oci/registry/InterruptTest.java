package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.MediaType;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A person who has waited long enough, for a registry that never answers. */
@Timeout(60)
class InterruptTest extends HostileRegistry {
  private static final String SESSION = "/v2/copy/blobs/uploads/1";

  private final CountDownLatch reached = new CountDownLatch(1);
  private final CountDownLatch over = new CountDownLatch(1);
  private final AtomicInteger forgotten = new AtomicInteger();
  private final byte[] content = image.blobs.get(layer);

  @BeforeEach
  void serve() {
    server.on("HEAD /v2/copy/blobs/.*", answer -> answer.send(404));
    server.on("POST /v2/copy/blobs/uploads/", answer -> answer.with("Location", SESSION).send(202));
    server.on("PUT " + SESSION, this::never);
    server.on("PATCH " + SESSION, this::never);
    server.on("DELETE " + SESSION, answer -> answer.send(204));
  }

  @AfterEach
  void release() {
    over.countDown();
  }

  private void never(FakeServer.Answer answer) throws IOException {
    reached.countDown();
    try {
      over.await();
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  /** Something that a test interrupts. */
  private interface Work {
    void run() throws IOException;
  }

  /** What it ends with, once it has been interrupted where the registry keeps it waiting. */
  private Throwable interrupted(Work work) throws Exception {
    CompletableFuture<Throwable> end = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                work.run();
                end.complete(new AssertionError("it came to its end"));
              } catch (IOException | RuntimeException | Error e) {
                end.complete(e);
              }
            });
    thread.start();
    reached.await();
    thread.interrupt();
    return end.get(10, TimeUnit.SECONDS);
  }

  private void requireNothingLeft(RegistryClient one) throws IOException {
    assertThat(server.requests).contains("DELETE " + SESSION);
    // What it held of the only transfer each way is free again.
    for (String method : List.of("PUT ", "PATCH ")) {
      server.on(method + SESSION, answer -> answer.with("Location", SESSION).send(201));
    }
    one.writer(server.reference("copy:1")).blob(layer, () -> new ByteArrayInputStream(content));
  }

  @Test
  void pushThatIsInterruptedEndsAndLeavesNothing() throws Exception {
    try (RegistryClient one = builder().parallelPerHost(1).build()) {
      RemoteWriter writer = one.writer(server.reference("copy:1"));
      assertThat(interrupted(() -> writer.blob(layer, () -> new ByteArrayInputStream(content))))
          .isInstanceOf(InterruptedIOException.class);
      requireNothingLeft(one);
    }
  }

  @Test
  void pushInPiecesThatIsInterruptedEndsAndLeavesNothing() throws Exception {
    try (RegistryClient one = builder().parallelPerHost(1).build()) {
      RemoteWriter writer = one.writer(server.reference("copy:1"));
      assertThat(
              interrupted(
                  () -> writer.blob(MediaType.OCI_LAYER, new ByteArrayInputStream(content))))
          .isInstanceOf(InterruptedIOException.class);
      requireNothingLeft(one);
    }
  }

  /** Its request to forget the upload is as little answered. */
  @Test
  void pushThatIsInterruptedWhereNothingIsAnsweredEndsAndStaysInterrupted() throws Exception {
    server.on("DELETE " + SESSION, this::never);
    CompletableFuture<Boolean> flag = new CompletableFuture<>();
    try (RegistryClient one = builder().stallTimeout(Duration.ofHours(1)).build()) {
      RemoteWriter writer = one.writer(server.reference("copy:1"));
      Throwable end =
          interrupted(
              () -> {
                try {
                  writer.blob(layer, () -> new ByteArrayInputStream(content));
                } finally {
                  flag.complete(Thread.currentThread().isInterrupted());
                }
              });
      assertThat(end).isInstanceOf(InterruptedIOException.class);
      assertThat(flag).isCompletedWithValue(true);
    }
    assertThat(server.requests.stream().filter(each -> each.startsWith("DELETE"))).hasSize(1);
  }

  /** The upload as a whole, which broke before, is not one more that is waited for. */
  @Test
  void pushInPiecesThatIsInterruptedWhereNothingIsAnsweredForgetsOneUpload() throws Exception {
    server.on("PUT " + SESSION, FakeServer.Answer::cut);
    server.on("PATCH " + SESSION, this::never);
    server.on(
        "DELETE " + SESSION,
        answer -> {
          if (reached.getCount() == 0) {
            forgotten.incrementAndGet();
            never(answer);
          }
          answer.send(204);
        });
    try (RegistryClient one = builder().retries(2).stallTimeout(Duration.ofHours(1)).build()) {
      RemoteWriter writer = one.writer(server.reference("copy:1"));
      assertThat(interrupted(() -> writer.blob(layer, () -> new ByteArrayInputStream(content))))
          .isInstanceOf(InterruptedIOException.class);
    }
    assertThat(forgotten).hasValue(1);
  }

  /** A server that accepts connections and reads nothing of what is sent. */
  @Test
  void pushThatIsInterruptedWhereNothingIsReadEnds() throws Exception {
    byte[] more = new byte[32 << 20];
    Descriptor blob = Descriptor.of(MediaType.OCI_LAYER, Digest.sha256(more), more.length);
    try (ServerSocket deaf = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        RegistryClient one = builder().stallTimeout(Duration.ofHours(1)).build()) {
      String elsewhere = "http://127.0.0.1:" + deaf.getLocalPort() + SESSION;
      server.on(
          "POST /v2/copy/blobs/uploads/", answer -> answer.with("Location", elsewhere).send(202));
      RemoteWriter writer = one.writer(server.reference("copy:1"));
      BlobSource source =
          () -> {
            reached.countDown();
            return new ByteArrayInputStream(more);
          };
      assertThat(interrupted(() -> writer.blob(blob, source)))
          .isInstanceOf(InterruptedIOException.class);
    }
  }

  @Test
  void copyThatIsInterruptedEndsAndLeavesNothing() throws Exception {
    server.on("GET /v2/app/blobs/.*", this::never);
    server.on("PUT " + SESSION, answer -> answer.send(201));
    try (RegistryClient one = builder().parallelPerHost(1).build();
        RemoteContent from = one.open(app())) {
      RemoteWriter writer = one.writer(server.reference("copy:1"));
      assertThat(interrupted(() -> writer.blob(layer, () -> from.open(layer))))
          .isInstanceOf(InterruptedIOException.class);
      requireNothingLeft(one);
    }
  }
}

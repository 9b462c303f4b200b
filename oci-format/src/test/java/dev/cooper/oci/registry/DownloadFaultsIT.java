package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.Descriptor;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.MediaType;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Asking and downloading on a network that fails. */
class DownloadFaultsIT extends FaultyNetwork {
  private byte[] pulled() throws IOException {
    try (RemoteContent image = client.open(reference);
        InputStream in = image.open(blob)) {
      return in.readAllBytes();
    }
  }

  private List<String> blobRequests() {
    return proxy.requests.stream().filter(each -> each.matches(BLOB)).toList();
  }

  private static String range(String request) {
    return request.contains("bytes=") ? request.substring(request.indexOf("bytes=")) : "";
  }

  @Test
  void tooManyRequestsWaitsAsLongAsTheServerAsks() throws IOException {
    pushed();
    proxy.answer(MANIFEST, "429 Too Many Requests", "Retry-After: 17");
    proxy.answer(MANIFEST, "503 Service Unavailable");
    assertThat(client.open(reference).root().descriptor().size()).isPositive();
    assertThat(timing.sleeps).containsExactly(Duration.ofSeconds(17), Duration.ofMillis(500));
    assertThat(proxy.waiting()).isZero();
  }

  @Test
  void serverErrorsAreTriedAgainUpToTheLimitAndThenTold() throws IOException {
    pushed();
    for (int i = 0; i < 6; i++) {
      proxy.answer(MANIFEST, "502 Bad Gateway");
    }
    assertThatThrownBy(() -> client.open(reference))
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining("GET http://" + proxy.address() + "/v2/team/app/manifests/1")
        .hasMessageContaining("answered 502");
    assertThat(timing.sleeps).hasSize(5);
    assertThat(timing.sleeps.get(4)).isEqualTo(Duration.ofSeconds(4));
    assertThat(proxy.waiting()).isZero();
  }

  @Test
  void resetBeforeTheAnswerIsTriedAgain() throws IOException {
    pushed();
    proxy.loseAnswer(MANIFEST);
    assertThat(client.open(reference).root().descriptor().size()).isPositive();
    assertThat(proxy.waiting()).isZero();
  }

  @Test
  void refusedConnectionIsTriedAgainAndThenTold() throws IOException {
    proxy.close();
    assertThatThrownBy(() -> client.open(reference))
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining("/v2/team/app/manifests/1: ")
        .hasMessageContaining("in 2 tries; nothing ever answered there")
        .hasMessageNotContaining("credentials");
  }

  /** Each try that follows is told of, and the end says what was asked and as whom. */
  @Test
  void downloadThatFailsAgainAndAgainSaysWhatAndAsWhom() throws IOException {
    pushed();
    // More than ours: the JDK's client tries a connection that it had kept once more by itself.
    for (int i = 0; i < 10; i++) {
      proxy.resetResponse(BLOB, 0);
    }
    try (RegistryClient hasty = builder().retries(1).build();
        RemoteContent opened = hasty.open(reference);
        InputStream in = opened.open(blob)) {
      assertThatThrownBy(in::readAllBytes)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("blob " + blob.digest() + " failed after ")
          .hasMessageContaining("GET http://" + proxy.address() + "/v2/team/app/blobs/")
          .hasMessageContaining("in 2 tries; asked without credentials")
          .hasCauseInstanceOf(RegistryException.class);
    }
    assertThat(events).filteredOn(each -> each instanceof TransferEvent.Retried).hasSize(1);
  }

  @Test
  void downloadThatIsResetGoesOnWhereItWas() throws IOException {
    pushed();
    proxy.resetResponse(BLOB, 1_000_000);
    proxy.resetResponse(BLOB, 3_000_000);
    proxy.resetResponse(BLOB, 0);
    assertThat(pulled()).isEqualTo(content);
    List<String> requests = blobRequests();
    assertThat(requests).hasSize(4);
    assertThat(range(requests.get(0))).isEmpty();
    assertThat(requests.subList(1, 4))
        .allSatisfy(each -> assertThat(range(each)).matches("bytes=[1-9][0-9]*-"));
    // A reset that overtakes the answer's head is tried again by the Java runtime's own client.
    assertThat(events)
        .filteredOn(each -> each instanceof TransferEvent.Retried)
        .hasSizeBetween(2, 3);
    assertThat(events.get(events.size() - 1))
        .isEqualTo(new TransferEvent.Ended(events.get(0).transfer(), Transfer.Outcome.TRANSFERRED));
  }

  @Test
  void downloadThatIsResetAgainAndAgainWithoutGainIsGivenUp() throws IOException {
    pushed();
    proxy.resetResponse(BLOB, 1_000_000);
    for (int i = 0; i < 100; i++) {
      proxy.resetResponse(BLOB, 0);
    }
    assertThatThrownBy(this::pulled)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("blob " + blob.digest() + " failed after")
        .hasMessageContaining("of " + SIZE + " bytes");
    assertThat(proxy.waiting()).isGreaterThan(60);
    assertThat(events.get(events.size() - 1))
        .isEqualTo(new TransferEvent.Ended(events.get(0).transfer(), Transfer.Outcome.FAILED));
  }

  @Test
  void downloadThatStallsGoesOnWhereItWas() throws IOException {
    pushed();
    client.close();
    client = builder().stallTimeout(Duration.ofMillis(700)).build();
    proxy.stallResponse(BLOB, 2_000_000);
    assertThat(pulled()).isEqualTo(content);
    List<String> requests = blobRequests();
    assertThat(requests).hasSizeGreaterThan(1);
    assertThat(range(requests.get(0))).isEmpty();
    assertThat(range(requests.get(1))).isEqualTo("bytes=2000000-");
    assertThat(requests.subList(2, requests.size())) // a busy machine may stall by itself, too
        .allSatisfy(each -> assertThat(range(each)).matches("bytes=[1-9][0-9]*-"));
  }

  @Test
  void rangeThatTheServerIgnoresIsReadFromTheBeginning() throws IOException {
    pushed();
    proxy.resetResponse(BLOB, 1_000_000);
    proxy.ignoreRange(BLOB);
    assertThat(pulled()).isEqualTo(content);
    assertThat(blobRequests()).hasSize(2);
  }

  @Test
  void otherRangeThanAskedForIsNotBelieved() throws IOException {
    pushed();
    proxy.resetResponse(BLOB, 1_000_000);
    proxy.otherRange(BLOB, "bytes=5-");
    assertThat(pulled()).isEqualTo(content);
    assertThat(blobRequests()).hasSize(3);
    assertThat(range(blobRequests().get(2))).isEmpty();
  }

  @Test
  void tokenThatExpiresInTheMidstOfADownloadIsRenewed() throws Exception {
    TestCertificate signer = TestCertificate.create(temp);
    Credentials tester = new Credentials.Basic(TestRegistry.USER, TestRegistry.PASSWORD);
    try (TokenServer tokens = TokenServer.start(signer);
        TestRegistry guarded = TestRegistry.token(temp, tokens, signer);
        FaultProxy before = FaultProxy.before(guarded);
        RegistryClient user = builder().credentials((host, name) -> Optional.of(tester)).build()) {
      ImageReference to = ImageReference.parse(before.address() + "/team/app:1");
      RemoteWriter writer = user.writer(to);
      writer.blob(blob, () -> new ByteArrayInputStream(content));
      byte[] bytes = Manifest.of(MediaType.OCI_MANIFEST, blob, List.of()).toBytes();
      writer.manifest(Descriptor.of(MediaType.OCI_MANIFEST, bytes), bytes, "1");
      tokens.asked.clear();
      try (RemoteContent image = user.open(to)) {
        before.resetResponse(BLOB, 1_000_000);
        before.answer(
            BLOB,
            "401 Unauthorized",
            "WWW-Authenticate: Bearer realm=\""
                + tokens.realm()
                + "\",service=\""
                + TokenServer.SERVICE
                + "\"");
        try (InputStream in = image.open(blob)) {
          assertThat(in.readAllBytes()).isEqualTo(content);
        }
      }
      assertThat(before.waiting()).isZero();
      assertThat(tokens.asked)
          .containsExactly(
              "GET tester [repository:team/app:pull]", "GET tester [repository:team/app:pull]");
    }
  }

  @Test
  void interruptEndsADownload() throws Exception {
    pushed();
    proxy.stallResponse(BLOB, 100_000);
    CountDownLatch begun = new CountDownLatch(1);
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    Thread reader =
        new Thread(
            () -> {
              try (RemoteContent image = client.open(reference);
                  InputStream in = image.open(blob)) {
                in.readNBytes(10);
                begun.countDown();
                in.readAllBytes();
              } catch (IOException | RuntimeException e) {
                thrown.set(e);
              }
            });
    reader.start();
    assertThat(begun.await(30, TimeUnit.SECONDS)).isTrue();
    reader.interrupt();
    reader.join(TimeUnit.SECONDS.toMillis(20));
    assertThat(reader.isAlive()).isFalse();
    assertThat(thrown.get()).isInstanceOf(InterruptedIOException.class);
  }

  @Test
  void closeEndsADownload() throws Exception {
    pushed();
    proxy.stallResponse(BLOB, 100_000);
    RemoteContent image = client.open(reference);
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    CountDownLatch begun = new CountDownLatch(1);
    Thread reader =
        new Thread(
            () -> {
              try (InputStream in = image.open(blob)) {
                in.readNBytes(10);
                begun.countDown();
                in.readAllBytes();
              } catch (IOException | RuntimeException e) {
                thrown.set(e);
              }
            });
    reader.start();
    assertThat(begun.await(30, TimeUnit.SECONDS)).isTrue();
    image.close();
    reader.join(TimeUnit.SECONDS.toMillis(20));
    assertThat(reader.isAlive()).isFalse();
    assertThat(thrown.get()).isInstanceOf(IOException.class);
  }

  @Test
  void closeOfTheClientEndsADownloadAndAnUpload() throws Exception {
    pushed();
    proxy.stallResponse(BLOB, 100_000);
    proxy.stallResponse("PUT .*", 0);
    RemoteContent image = client.open(reference);
    InputStream in = image.open(blob);
    in.readNBytes(10);
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    CountDownLatch begun = new CountDownLatch(1);
    byte[] other = {1};
    Thread writer =
        new Thread(
            () -> {
              try {
                client
                    .writer(reference)
                    .blob(
                        Descriptor.of(MediaType.OCI_LAYER, other),
                        () -> {
                          begun.countDown();
                          return new ByteArrayInputStream(other);
                        });
              } catch (IOException | RuntimeException e) {
                thrown.set(e);
              }
            });
    writer.start();
    assertThat(begun.await(30, TimeUnit.SECONDS)).isTrue();
    client.close();
    assertThatThrownBy(in::readAllBytes).isInstanceOf(IOException.class);
    writer.join(TimeUnit.SECONDS.toMillis(20));
    assertThat(writer.isAlive()).isFalse();
    assertThatThrownBy(() -> client.open(reference)).isInstanceOf(IllegalStateException.class);
    image.close();
  }

  @Test
  void noMoreTransfersThanAllowedRunAtATime() throws Exception {
    pushed();
    client.close();
    client = builder().parallelPerHost(1).build();
    try (RemoteContent image = client.open(reference)) {
      CountDownLatch second = new CountDownLatch(1);
      List<String> order = new ArrayList<>();
      Thread other;
      try (InputStream first = image.open(blob)) {
        first.readNBytes(10);
        other =
            new Thread(
                () -> {
                  try (InputStream in = image.open(blob)) {
                    synchronized (order) {
                      order.add("second");
                    }
                    in.readNBytes(1);
                    second.countDown();
                  } catch (IOException e) {
                    order.add(e.toString());
                  }
                });
        other.start();
        first.readAllBytes();
        synchronized (order) {
          order.add("first");
        }
      }
      assertThat(second.await(30, TimeUnit.SECONDS)).isTrue();
      other.join();
      assertThat(order).containsExactly("first", "second");
    }
  }

  @Test
  void downloadsInParallelComeThroughFaultsAnywhere() throws Exception {
    pushed();
    client.close();
    client = builder().retries(24).build(); // one thread may meet them all
    Random random = new Random(42);
    for (int i = 0; i < 24; i++) {
      int at = random.nextInt(SIZE);
      if (i % 3 == 0) {
        proxy.answer(BLOB, "503 Service Unavailable");
      } else {
        proxy.resetResponse(BLOB, at / (1 + random.nextInt(20)));
      }
    }
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try (RemoteContent image = client.open(reference)) {
      List<Future<Boolean>> all = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        all.add(
            threads.submit(
                () -> {
                  try (InputStream in = image.open(blob)) {
                    // Whatever comes has been verified before its last byte.
                    return in.readAllBytes().length == SIZE;
                  }
                }));
      }
      for (Future<Boolean> each : all) {
        assertThat(each.get(2, TimeUnit.MINUTES)).isTrue();
      }
    } finally {
      threads.shutdownNow();
    }
    assertThat(proxy.waiting()).isZero();
  }
}

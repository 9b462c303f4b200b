package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.MediaType;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Uploading on a network that fails. */
class UploadFaultsIT extends FaultyNetwork {
  @Test
  void uploadThatIsResetIsSentAnewFromItsSource() throws IOException {
    proxy.resetRequest("PUT /v2/team/app/blobs/uploads/.*", 3_000_000);
    proxy.answer("PUT /v2/team/app/blobs/uploads/.*", "500 Internal Server Error");
    AtomicInteger opened = new AtomicInteger();
    RemoteWriter writer = client.writer(reference);
    writer.blob(
        blob,
        () -> {
          opened.incrementAndGet();
          return new ByteArrayInputStream(content);
        });
    assertThat(opened).hasValue(3);
    assertThat(proxy.waiting()).isZero();
    assertThat(client.writer(registry.reference("team/app:1")).has(blob)).isTrue();
    assertThat(events.get(events.size() - 1))
        .isEqualTo(new TransferEvent.Ended(events.get(0).transfer(), Transfer.Outcome.TRANSFERRED));
  }

  @Test
  void uploadWhoseAnswerIsLostIsNotSentTwice() throws IOException {
    proxy.loseAnswer("PUT /v2/team/app/blobs/uploads/.*");
    AtomicInteger opened = new AtomicInteger();
    client
        .writer(reference)
        .blob(
            blob,
            () -> {
              opened.incrementAndGet();
              return new ByteArrayInputStream(content);
            });
    assertThat(opened).hasValue(1);
  }

  @Test
  void uploadWhoseSourceFailsIsNotTriedAgain() {
    assertThatThrownBy(
            () ->
                client
                    .writer(reference)
                    .blob(
                        blob,
                        () -> {
                          throw new IOException("disk on fire");
                        }))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("disk on fire");
    assertThatThrownBy(
            () -> client.writer(reference).blob(blob, () -> new ByteArrayInputStream(new byte[9])))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("found 9 bytes, expected " + SIZE);
    assertThat(timing.sleeps).isEmpty();
  }

  @Test
  void uploadOfOtherBytesIsRefusedByTheRegistry() {
    byte[] other = content.clone();
    other[0]++;
    assertThatThrownBy(
            () -> client.writer(reference).blob(blob, () -> new ByteArrayInputStream(other)))
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining("DIGEST_INVALID");
  }

  @Test
  void uploadInPiecesGoesOnWhereItWas() throws IOException {
    proxy.resetRequest("PATCH .*", 1_000_000);
    proxy.answer("PATCH .*", "503 Service Unavailable");
    Descriptor sent =
        client.writer(reference).blob(MediaType.OCI_LAYER, new ByteArrayInputStream(content));
    assertThat(sent).isEqualTo(blob);
    assertThat(proxy.waiting()).isZero();
    assertThat(client.writer(registry.reference("team/app:1")).has(blob)).isTrue();
  }

  @Test
  void uploadInPiecesIsAsLongAsTheRegistryWants() throws IOException {
    proxy.otherHeader("POST .*", "OCI-Chunk-Min-Length: " + (16 << 20));
    client.writer(reference).blob(MediaType.OCI_LAYER, new ByteArrayInputStream(content));
    assertThat(proxy.requests.stream().filter(each -> each.startsWith("PATCH")).count())
        .isEqualTo(3);
    proxy.otherHeader("POST .*", "OCI-Chunk-Min-Length: " + (1 << 30));
    assertThatThrownBy(
            () ->
                client
                    .writer(reference)
                    .blob(MediaType.OCI_LAYER, new ByteArrayInputStream(content)))
        .isInstanceOf(ContentException.class)
        .hasMessageContaining("in pieces of " + (1 << 30));
  }

  @Test
  void tokenThatExpiresBetweenTwoPartsOfAnUploadIsRenewed() throws Exception {
    TestCertificate signer = TestCertificate.create(temp);
    Credentials tester = new Credentials.Basic(TestRegistry.USER, TestRegistry.PASSWORD);
    try (TokenServer tokens = TokenServer.start(signer);
        TestRegistry guarded = TestRegistry.token(temp, tokens, signer);
        FaultProxy before = FaultProxy.before(guarded);
        RegistryClient user = builder().credentials((host, name) -> Optional.of(tester)).build()) {
      ImageReference to = ImageReference.parse(before.address() + "/team/app:1");
      // The registry says to the upload's last request that its token is no longer good.
      before.answer(
          "PUT /v2/team/app/blobs/uploads/.*",
          "401 Unauthorized",
          "WWW-Authenticate: Bearer realm=\""
              + tokens.realm()
              + "\",service=\""
              + TokenServer.SERVICE
              + "\",scope=\"repository:team/app:pull,push\",error=\"invalid_token\"");
      user.writer(to).blob(blob, () -> new ByteArrayInputStream(content));
      assertThat(tokens.asked).hasSize(2);
      assertThat(before.waiting()).isZero();
      // And by the clock: what is nearly over is renewed before it is used.
      timing.pass(Duration.ofSeconds(290));
      byte[] more = {1};
      Descriptor small = Descriptor.of(MediaType.OCI_LAYER, more);
      user.writer(to).blob(small, () -> new ByteArrayInputStream(more));
      assertThat(tokens.asked).hasSize(3);
    }
  }

  @Test
  void uploadThatIsTooLargeForOneRequestGoesInPieces() throws IOException {
    proxy.answer("PUT /v2/team/app/blobs/uploads/.*", "413 Payload Too Large");
    client.writer(reference).blob(blob, () -> new ByteArrayInputStream(content));
    assertThat(proxy.requests).anyMatch(each -> each.startsWith("PATCH"));
    assertThat(client.writer(registry.reference("team/app:1")).has(blob)).isTrue();
  }

  @Test
  void uploadOnABadConnectionGoesInPieces() throws IOException {
    proxy.resetRequest("PUT .*", 9_000_000);
    proxy.resetRequest("PUT .*", 9_000_000);
    client.writer(reference).blob(blob, () -> new ByteArrayInputStream(content));
    assertThat(proxy.requests.stream().filter(each -> each.startsWith("PATCH"))).hasSize(5);
    assertThat(proxy.requests.stream().filter(each -> each.startsWith("PUT"))).hasSize(3);
    assertThat(client.writer(registry.reference("team/app:1")).has(blob)).isTrue();
  }
}

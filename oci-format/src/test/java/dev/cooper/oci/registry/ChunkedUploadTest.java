package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.MediaType;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The last request of an upload in pieces, and what a registry may say of those before. */
class ChunkedUploadTest extends HostileRegistry {
  private static final String SESSION = "/v2/app/blobs/uploads/1";

  private final byte[] content = {1, 2, 3};
  private final Descriptor blob = Descriptor.of(MediaType.OCI_LAYER, content);

  @BeforeEach
  void serve() {
    server.on("POST /v2/app/blobs/uploads/", answer -> answer.with("Location", SESSION).send(202));
    server.on("PATCH " + SESSION, answer -> answer.with("Location", SESSION).send(202));
  }

  private Descriptor upload(RegistryClient with) throws IOException {
    return with.writer(app()).blob(MediaType.OCI_LAYER, new ByteArrayInputStream(content));
  }

  @Test
  void uploadWhoseLastAnswerIsLostIsFoundAsABlob() throws IOException {
    int[] puts = {0};
    server.on(
        "PUT " + SESSION,
        answer -> {
          if (puts[0]++ == 0) {
            throw new IOException("cut");
          }
          answer.send(404);
        });
    server.on("HEAD /v2/app/blobs/" + blob.digest(), answer -> answer.send(200));
    try (RegistryClient patient = builder().retries(2).build()) {
      assertThat(upload(patient)).isEqualTo(blob);
    }
    assertThat(puts[0]).isGreaterThan(1);
  }

  @Test
  void uploadThatIsLostIsAFailure() {
    server.on("PUT " + SESSION, answer -> answer.send(404));
    server.on("HEAD /v2/app/blobs/.*", answer -> answer.send(404));
    assertThatThrownBy(() -> upload(client))
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining("PUT http://")
        .hasMessageContaining("answered 404");
  }

  @Test
  void uploadStoredUnderAnotherDigestIsRefused() {
    server.on(
        "PUT " + SESSION,
        answer ->
            answer.with("Docker-Content-Digest", image.descriptor.digest().toString()).send(201));
    assertThatThrownBy(() -> upload(client))
        .isInstanceOf(ContentException.class)
        .hasMessageContaining("under another digest");
  }

  /** A store elsewhere that puts the pieces together needs more time than one answer. */
  @Test
  void registryMayTakeItsTimeToStoreTheWholeButNothingElse() throws IOException {
    server.on("PUT .*", answer -> late(answer, 201));
    try (RegistryClient hasty = builder().stallTimeout(Duration.ofMillis(500)).build()) {
      assertThat(upload(hasty)).isEqualTo(blob);
      Descriptor described = Descriptor.of(image.manifest.mediaType(), manifest);
      assertThatThrownBy(() -> hasty.writer(app()).manifest(described, manifest, "1"))
          .isInstanceOf(RegistryException.class)
          .hasMessageContaining("no answer came for 500 ms");
      server.on("PATCH /late", answer -> late(answer, 202));
      server.on(
          "POST /v2/late/blobs/uploads/", answer -> answer.with("Location", "/late").send(202));
      assertThatThrownBy(
              () ->
                  hasty
                      .writer(server.reference("late:1"))
                      .blob(MediaType.OCI_LAYER, new ByteArrayInputStream(content)))
          .isInstanceOf(RegistryException.class)
          .hasMessageContaining("PATCH")
          .hasMessageContaining("no answer came for 500 ms");
    }
  }

  private static void late(FakeServer.Answer answer, int status) throws IOException {
    try {
      Thread.sleep(1500);
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
    answer.send(status);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"0-999999999999999999", "0-4294967299", "0-3", "5-9", "0-99999999999999999999"})
  void rangeThatCantBeIsRefused(String range) {
    server.on("PATCH " + SESSION, answer -> answer.send(416));
    server.on(
        "GET " + SESSION,
        answer -> answer.with("Location", SESSION).with("Range", range).send(204));
    assertThatThrownBy(() -> upload(client)).isInstanceOf(ContentException.class);
  }
}

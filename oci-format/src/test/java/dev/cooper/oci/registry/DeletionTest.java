package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.Index;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.MediaType;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class DeletionTest extends HostileRegistry {
  private final Digest digest = image.descriptor.digest();

  @Test
  void tagIsDeletedAsSuchWhereTheRegistryCanDoIt() throws IOException {
    server.on("DELETE /v2/app/manifests/1", answer -> answer.send(202));
    client.delete(app());
    assertThat(server.requests).filteredOn(each -> each.contains("app")).hasSize(1);
  }

  @Test
  void tagThatTheRegistryCantDeleteGoesWithItsManifest() throws IOException {
    server.on(
        "HEAD /v2/app/manifests/1",
        answer ->
            answer
                .with("Docker-Content-Digest", digest.toString())
                .with("Content-Type", MediaType.OCI_MANIFEST.value())
                .with("Content-Length", Integer.toString(manifest.length))
                .send(200));
    for (int status : new int[] {400, 405, 501}) {
      server.on("DELETE /v2/app/manifests/1", answer -> answer.send(status));
      server.on("DELETE /v2/app/manifests/" + digest, answer -> answer.send(202));
      server.requests.clear();
      client.delete(app());
      assertThat(server.requests.get(server.requests.size() - 1))
          .isEqualTo("DELETE /v2/app/manifests/" + digest);
    }
    server.on("DELETE /v2/app/manifests/1", answer -> answer.send(403));
    assertThatThrownBy(() -> client.delete(app())).hasMessageContaining("answered 403");
  }

  @Test
  void deletionWhoseAnswerWasLostIsNoFailure() throws IOException {
    boolean[] deleted = {false};
    server.on(
        "DELETE /v2/app/.*",
        answer -> {
          if (deleted[0]) {
            answer.send(404);
            return;
          }
          deleted[0] = true;
          throw new IOException("cut");
        });
    try (RegistryClient patient = builder().retries(2).build()) {
      patient.delete(app().withDigest(digest));
      deleted[0] = false;
      patient.deleteBlob(app(), layer.digest());
      // What was never there stays a failure.
      assertThatThrownBy(() -> patient.deleteBlob(app(), layer.digest()))
          .isInstanceOf(RegistryException.class)
          .hasMessageContaining("answered 404");
    }
  }

  @Test
  void manifestWithASubjectLeavesItsReferrersTag() throws IOException {
    Descriptor config = Descriptor.of(MediaType.OCI_EMPTY, new byte[] {'{', '}'});
    byte[] signature =
        new Manifest(
                MediaType.OCI_MANIFEST,
                config,
                List.of(config),
                new TreeMap<>(),
                image.descriptor.withPlatform(null),
                new MediaType("application/vnd.example.signature"),
                Map.of())
            .toBytes();
    Descriptor signed = Descriptor.of(MediaType.OCI_MANIFEST, signature);
    Descriptor other = Descriptor.of(MediaType.OCI_MANIFEST, new byte[] {1});
    byte[][] index = {Index.of(List.of(signed, other)).toBytes()};
    String tag = "/v2/app/manifests/sha256-" + digest.hex();
    FakeServer.Handler read =
        answer -> answer.with("Content-Type", MediaType.OCI_INDEX.value()).send(200, index[0]);
    try (FakeServer kept = FakeServer.plain()) {
      kept.on("GET " + tag, read);
      kept.on(
          "PUT " + tag,
          answer -> {
            index[0] = answer.body;
            answer.send(201);
          });
      kept.on(
          "GET /v2/app/manifests/" + signed.digest(),
          answer ->
              answer.with("Content-Type", MediaType.OCI_MANIFEST.value()).send(200, signature));
      kept.on("DELETE .*", answer -> answer.send(202));
      client.delete(kept.reference("app:1").withDigest(signed.digest()));
      assertThat(Index.parse(index[0]).manifests()).containsExactly(other);
      // A registry that knows referrers looks after its own.
      byte[] before = index[0];
      kept.on(
          "GET /v2/app/referrers/.*",
          answer -> answer.with("Content-Type", MediaType.OCI_INDEX.value()).send(200, before));
      client.delete(kept.reference("app:1").withDigest(signed.digest()));
      assertThat(kept.requests.stream().filter(each -> each.startsWith("PUT"))).hasSize(1);
    }
  }
}

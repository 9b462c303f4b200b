package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.Cooper;
import dev.cooper.CooperBuilder;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.image.CopyImageOptions;
import dev.cooper.image.PullOptions;
import dev.cooper.image.PullPolicy;
import dev.cooper.image.PushOptions;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.Platform;
import dev.cooper.oci.compress.Compression;
import dev.cooper.oci.registry.CredentialsProvider;
import dev.cooper.oci.registry.RegistriesConf;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Which names are pushed, and by which digests a registry knows what was pushed. */
class PushedNamesIT extends EndToEnd {
  private static final Platform OTHER =
      Platform.parse(
          Platform.current().architecture().equals("arm64") ? "linux/amd64" : "linux/arm64");

  private LocalRegistry registry;

  @BeforeEach
  void startRegistry() throws IOException {
    registry = LocalRegistry.start(temp);
  }

  @AfterEach
  void stopRegistry() {
    registry.close();
  }

  @Override
  CooperBuilder builder() {
    return super.builder()
        .pullPolicy(PullPolicy.MISSING)
        .registries(RegistriesConf.EMPTY)
        .credentials(CredentialsProvider.NONE)
        .registryClient(client -> client.retries(0));
  }

  private Image commit(Platform platform, String content, String... names) {
    try (WorkingContainer c = cooper.from("scratch", platform)) {
      return c.write("/content", content).commit(o -> o.reproducible(NOW), names);
    }
  }

  private Image commit(String content, String... names) {
    return commit(Platform.current(), content, names);
  }

  @Test
  void pushSendsTheNamesOfItsOwnCommitAlone() throws IOException {
    commit("same", registry.at("team-a/secret:1"));
    Image two = commit("same", registry.at("two:1"));
    two.push();
    assertThat(registry.log()).contains("/v2/two/manifests/1").doesNotContain("team-a");
    Image both = commit("same", registry.at("two:2"), registry.at("two:3"));
    assertThatThrownBy(both::push)
        .isInstanceOf(OperationException.class)
        .hasMessageContaining(registry.at("two:2") + ", " + registry.at("two:3"));
    assertThat(cooper.registry().tags(dev.cooper.oci.ImageReference.parse(registry.at("two"))))
        .containsExactly("1");
  }

  @Test
  void pushGivesTheDigestThatOneDeploysBy() {
    Image image = commit("x", registry.at("team/app:1"));
    assertThat(image.repoDigests()).isEmpty();
    Descriptor there = image.push();
    assertThat(there.digest()).isNotEqualTo(image.digest());
    String pinned = registry.at("team/app") + "@" + there.digest();
    assertThat(image.repoDigests()).containsExactly(pinned);
    image.push(); // as it is there already
    image.push(registry.at("team/app:2"));
    assertThat(image.repoDigests()).containsExactly(pinned);
    Descriptor zstd =
        image.push(registry.at("team/app:zstd"), PushOptions.DEFAULT.compression(Compression.ZSTD));
    image.push(registry.at("other:1"));
    List<String> all =
        List.of(
            pinned,
            registry.at("team/app") + "@" + zstd.digest(),
            registry.at("other") + "@" + there.digest());
    assertThat(image.repoDigests()).isEqualTo(all);
    // It is known by it here too, for other stores and after reopening.
    assertThat(cooper.pull(pinned, PullOptions.DEFAULT.policy(PullPolicy.NEVER)).id())
        .isEqualTo(image.id());
    try (Cooper beside = builder().build()) {
      assertThat(beside.image(registry.at("team/app:1")).repoDigests()).isEqualTo(all);
      beside.image(registry.at("team/app:1")).push(registry.at("beside:1"));
    }
    assertThat(image.repoDigests()).hasSize(4);
    try (Cooper fresh = builder().store(temp.resolve("fresh")).build()) {
      Image pulled = fresh.pull(pinned);
      assertThat(pulled.id()).isEqualTo(image.id());
      assertThat(pulled.repoDigests()).containsExactly(pinned);
      assertThat(pulled.names()).containsExactly(pinned);
    }
    image.remove();
    assertThat(commit("x", registry.at("team/app:1")).repoDigests()).isEmpty();
  }

  @Test
  void pushOfANameOfSeveralPlatformsSendsTheOneAndTheIndexAll() {
    String name = registry.at("multi:1");
    Image here = commit("here", name);
    Image there = commit(OTHER, "there", name);
    Descriptor sent = there.push();
    assertThat(there.repoDigests()).containsExactly(registry.at("multi") + "@" + sent.digest());
    assertThat(here.repoDigests()).isEmpty();
    Descriptor index = cooper.pushIndex(List.of(here, there), name, PushOptions.DEFAULT);
    String whole = registry.at("multi") + "@" + index.digest();
    assertThat(here.repoDigests()).hasSize(2).last().isEqualTo(whole);
    assertThat(there.repoDigests()).hasSize(2).last().isEqualTo(whole);
    try (Cooper fresh = builder().store(temp.resolve("fresh")).build()) {
      PullOptions other = PullOptions.DEFAULT.platform(OTHER.toString());
      assertThat(fresh.pull(whole, other).id()).isEqualTo(there.id());
      assertThat(fresh.pull(whole).id()).isEqualTo(here.id());
      assertThat(fresh.pull(whole).repoDigests()).isEqualTo(here.repoDigests());
      fresh.copy("docker://" + name, "mine:1", CopyImageOptions.DEFAULT);
      assertThat(fresh.image("mine:1").id()).isEqualTo(here.id());
      assertThat(fresh.image("mine:1").repoDigests()).isEqualTo(here.repoDigests());
    }
  }
}

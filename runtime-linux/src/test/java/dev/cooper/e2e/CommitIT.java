package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cooper.Cooper;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.image.SaveOptions;
import dev.cooper.oci.Healthcheck;
import dev.cooper.oci.History;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.Platform;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a commit writes: layers, history, configuration, times. */
class CommitIT extends EndToEnd {
  private static final Instant THEN = Instant.ofEpochSecond(1_000_000_000L);

  /** Every layer has one line of history that is not said to be empty, also for old images. */
  private static void assertToldOf(Image image) {
    assertThat(image.history().stream().filter(line -> !line.emptyLayer()))
        .hasSameSizeAs(image.manifest().layers());
    assertThat(image.config().diffIds()).hasSameSizeAs(image.manifest().layers());
  }

  private static List<String> told(Image image) {
    return image.history().stream()
        .filter(line -> line.createdBy() != null && !line.createdBy().isEmpty())
        .map(History::createdBy)
        .toList();
  }

  @Test
  void commitWhenSeveralStepsChangeFilesMakesOneLayer() throws IOException {
    try (WorkingContainer c = container()) {
      Image image =
          c.run("echo 1 > /1").env("A", "b").write("/2", "2").run("rm /srv/file").commit("app:1");
      assertThat(image.manifest().layers()).hasSize(2);
      assertThat(Tars.last(store, image)).containsOnlyKeys("1", "2", "srv", "srv/.wh.file");
      assertThat(told(image))
          .endsWith(
              "RUN echo 1 > /1",
              "ENV A=b",
              "COPY 2 /2",
              "RUN rm /srv/file",
              "one layer of the 3 steps above that change files");
      assertToldOf(image);
    }
  }

  @Test
  void commitWhenEachStepIsALayerMakesOneForEach() throws IOException {
    for (boolean runFirst : new boolean[] {true, false}) {
      try (WorkingContainer c = container()) {
        c.layerPerStep();
        if (runFirst) {
          c.run("true"); // changes nothing, so it is no layer
        }
        c.write("/1", "1").env("A", "b").write("/2", "2");
        c.write("/1", "again");
        if (!runFirst) {
          c.run("rm /2");
        } else {
          c.run("rm /2 && mkdir /3");
        }
        Image image = c.commit();
        assertThat(image.manifest().layers()).hasSize(5);
        assertThat(Tars.last(store, image)).containsKey(".wh.2");
        assertThat(Tars.layer(store, image.manifest().layers().get(3)).get("1").text())
            .isEqualTo("again");
        assertToldOf(image);
        assertThat(cat(c, "/1")).isEqualTo("again");
      }
    }
  }

  @Test
  void commitWhenSquashedMakesOneLayerOfAll() throws IOException {
    for (boolean mounted : new boolean[] {true, false}) {
      try (WorkingContainer c = container()) {
        if (mounted) {
          c.run("rm /srv/file && chown 7:8 /srv/real/old");
        }
        Image image = c.write("/new", "new").commit(o -> o.squashed());
        assertThat(image.manifest().layers()).hasSize(1);
        var layer = Tars.last(store, image);
        assertThat(layer).containsKeys("new", "bin/busybox", "srv/linked", "srv/real/old");
        assertThat(layer.keySet()).noneMatch(path -> path.contains(".wh."));
        if (mounted) {
          assertThat(layer).doesNotContainKey("srv/file");
          assertThat(layer.get("srv/real/old").line()).startsWith("FILE 0600 7:8");
        }
        assertToldOf(image);
        try (WorkingContainer again = image.container()) {
          assertThat(cat(again, "/new")).isEqualTo("new");
        }
      }
    }
  }

  @Test
  void commitWhenDockerFormatIsAskedForWritesDockersTypes() throws IOException {
    try (WorkingContainer c = container()) {
      Image image =
          c.write("/new", "n")
              .healthcheck(Healthcheck.of(List.of("CMD", "true")))
              .commit(o -> o.dockerFormat());
      assertThat(image.manifest().mediaType()).isEqualTo(MediaType.DOCKER_MANIFEST);
      assertThat(image.manifest().config().mediaType()).isEqualTo(MediaType.DOCKER_CONFIG);
      assertThat(image.manifest().layers())
          .allMatch(layer -> layer.mediaType().toString().contains("docker"));
      assertThat(image.config().config().healthcheck()).isNotNull();
      // A container from it, committed as OCI's, is OCI's all through.
      try (WorkingContainer next = image.container()) {
        Image oci = next.write("/more", "m").commit();
        assertThat(oci.manifest().layers())
            .noneMatch(layer -> layer.mediaType().toString().contains("docker"));
      }
    }
  }

  @Test
  void commitWhenTwiceGivesTheSameAndStaysUsable() throws IOException {
    try (WorkingContainer c = container()) {
      c.run("echo 1 > /1");
      Image first = c.commit("a:1");
      Image second = c.commit("b:1", "c:1", "c:2");
      assertThat(second.digest()).isEqualTo(first.digest());
      assertThat(cooper.image("c:2").names()).containsExactly("c:2");
      assertThat(cooper.image(cooper.image("c:2").id().toString()).names())
          .containsExactlyInAnyOrder("a:1", "b:1", "c:1", "c:2");
      Image third = c.run("echo 2 > /2").commit();
      assertThat(third.manifest().layers()).hasSize(2);
      assertThat(Tars.last(store, third)).containsOnlyKeys("1", "2");
      assertToldOf(third);
    }
  }

  @Test
  void commitWhenNothingChangedAddsNoLayer() throws IOException {
    try (WorkingContainer c = container()) {
      Image image = c.run("true").commit();
      assertThat(image.manifest().layers()).hasSize(1);
      assertToldOf(image);
    }
    try (WorkingContainer c = container()) {
      assertThat(c.commit().manifest().layers()).hasSize(1);
    }
  }

  @Test
  void commitWhenFromScratchHoldsWhatWasWritten() throws IOException {
    try (WorkingContainer c = cooper.scratch()) {
      Image empty = c.commit();
      assertThat(empty.manifest().layers()).isEmpty();
      Image image = c.write("/one", "1").entrypoint("/one").commit();
      assertThat(Tars.last(store, image)).containsOnlyKeys("one");
      assertToldOf(image);
    }
  }

  @Test
  void commitWhenTimesAreGivenTakesThem() throws IOException {
    try (WorkingContainer c = container()) {
      c.run("touch -d 2020-01-01 /old && touch /young && mkdir /dir");
      Image created = c.commit(o -> o.created(THEN));
      assertThat(created.config().created()).isEqualTo(THEN);
      assertThat(Tars.last(store, created).get("old").entry().mtimeSeconds())
          .isGreaterThan(THEN.getEpochSecond());
      Image clamped = c.commit(o -> o.reproducible(THEN));
      assertThat(clamped.config().created()).isEqualTo(THEN);
      assertThat(Tars.last(store, clamped).values())
          .allMatch(found -> found.entry().mtimeSeconds() <= THEN.getEpochSecond());
      assertThat(c.commit(o -> o.reproducible(THEN)).digest()).isEqualTo(clamped.digest());
      assertThat(c.created(Instant.EPOCH).commit().config().created()).isEqualTo(Instant.EPOCH);
    }
  }

  @Test
  void commitWhenSourceDateIsSetIsReproducible() throws IOException {
    try (Cooper dated = builder().sourceDate(THEN).build();
        WorkingContainer c = dated.from(busyboxTar())) {
      Image image = c.run("echo 1 > /1").commit();
      assertThat(image.config().created()).isEqualTo(THEN);
      assertThat(image.history()).allMatch(line -> THEN.equals(line.created()));
      assertThat(Tars.last(store, image).get("1").entry().mtimeSeconds())
          .isEqualTo(THEN.getEpochSecond());
    }
  }

  @Test
  void commitWhenCommentIsGivenPutsItOnTheLastLine() throws IOException {
    try (WorkingContainer c = container()) {
      Image image = c.run("echo 1 > /1").history("a line").commit(o -> o.comment("why"));
      List<History> lines = image.history();
      assertThat(lines.get(lines.size() - 1).comment()).isEqualTo("why");
      assertThat(lines.get(lines.size() - 1).createdBy()).isEqualTo("a line");
    }
  }

  @Test
  void commitWhenEverythingIsConfiguredKeepsIt() throws IOException {
    Tools.require("skopeo");
    Image image;
    try (WorkingContainer c = container()) {
      image =
          c.env("ONE", "1")
              .env("TWO", "a=b c")
              .env("GONE", "x")
              .unsetEnv("GONE")
              .label("l", "v")
              .annotation("org.example.a", "b")
              .user("app:more")
              .workdir("/work")
              .workdir("deeper")
              .entrypoint("/bin/sh", "-c")
              .cmd("id")
              .expose(80)
              .expose("53/UDP")
              .volume("/data")
              .shell("/bin/busybox", "sh", "-c")
              .stopSignal("SIGUSR1")
              .onbuild("RUN true")
              .author("someone")
              .platform(Platform.parse("linux/arm64/v8"))
              .commit("configured:1");
    }
    Path layout = temp.resolve("configured");
    image.save(layout, SaveOptions.ociLayout());
    JsonNode config =
        new ObjectMapper().readTree(Tools.run("skopeo", "inspect", "--config", "oci:" + layout));
    JsonNode inner = config.get("config");
    assertThat(config.get("author").asText()).isEqualTo("someone");
    assertThat(config.get("architecture").asText()).isEqualTo("arm64");
    assertThat(config.get("variant").asText()).isEqualTo("v8");
    assertThat(inner.get("User").asText()).isEqualTo("app:more");
    assertThat(inner.get("WorkingDir").asText()).isEqualTo("/work/deeper");
    assertThat(inner.get("Env").toString()).contains("\"ONE=1\"", "\"TWO=a=b c\"");
    assertThat(inner.get("Env").toString()).doesNotContain("GONE");
    assertThat(inner.get("Entrypoint").toString()).isEqualTo("[\"/bin/sh\",\"-c\"]");
    assertThat(inner.get("Cmd").toString()).isEqualTo("[\"id\"]");
    assertThat(inner.get("ExposedPorts").toString()).isEqualTo("{\"53/udp\":{},\"80/tcp\":{}}");
    assertThat(inner.get("Volumes").toString()).isEqualTo("{\"/data\":{}}");
    assertThat(inner.get("Labels").toString()).isEqualTo("{\"l\":\"v\"}");
    assertThat(inner.get("StopSignal").asText()).isEqualTo("SIGUSR1");
    JsonNode manifest =
        new ObjectMapper().readTree(Tools.run("skopeo", "inspect", "--raw", "oci:" + layout));
    assertThat(manifest.get("annotations").get("org.example.a").asText()).isEqualTo("b");
    // And in the store as well, also what OCI's own config has no word for.
    assertThat(image.config().config().shell()).containsExactly("/bin/busybox", "sh", "-c");
    assertThat(image.config().config().onBuild()).containsExactly("RUN true");
    try (WorkingContainer next = image.container()) {
      assertThat(next.config().config().onBuild()).isEmpty();
    }
  }

  @Test
  void runWhenConfiguredSeesIt() throws IOException {
    try (WorkingContainer c = container()) {
      c.env("A", "b c").workdir("/work").user("app").shell("/bin/busybox", "sh", "-e", "-c");
      assertThat(c.exec("/bin/sh", "-c", "echo $A; pwd; id -u; id -g; id -G; echo $HOME").out())
          .isEqualTo("b c\n/work\n1000\n1001\n1001 6 1002\n/home/app\n");
      c.user("root").run("false; true".replace("false; ", "")).run("echo $0 $- > /shell");
      assertThat(cat(c, "/shell")).contains("e");
    }
  }

  @Test
  void commitWhenNameIsBadFailsBeforeAnythingIsWritten() throws IOException {
    try (WorkingContainer c = container()) {
      c.write("/x", "x");
      int before = cooper.images().size();
      assertThatThrownBy(() -> c.commit("ok:1", "Bad Name"))
          .isInstanceOf(RuntimeException.class)
          .hasMessageContaining("Bad Name");
      assertThat(cooper.images()).hasSize(before);
      assertThat(cooper.findImage("ok:1")).isEmpty();
    }
  }

  @Test
  void commitWhenBaseHasNoHistoryTellsOfItsLayers() throws IOException {
    try (WorkingContainer c = cooper.from(busyboxTar())) {
      Image image = c.write("/x", "x").commit();
      assertThat(image.manifest().layers()).hasSize(2);
      assertToldOf(image);
    }
  }
}

package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.command.Command;
import dev.cooper.command.Mount;
import dev.cooper.event.BuildEvent;
import dev.cooper.image.SaveOptions;
import dev.cooper.oci.ContainerConfig;
import dev.cooper.oci.Healthcheck;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The steps of a container, as text that a builder of Dockerfiles reads. */
class StepsIT extends EndToEnd {
  /**
   * Names that a builder would expand or unquote. Buildah 1.28 takes escaped patterns for others.
   */
  private static final List<String> ODD_NAMES = List.of("it's", "a \"b\"", "$HOME");

  private static List<String> names(Image image) {
    try (WorkingContainer c = image.container()) {
      return c.exec("/bin/busybox", "ls", "/odd").out().lines().toList();
    }
  }

  private static WorkingContainer configured(WorkingContainer c) {
    return c.env("PLAIN", "a/b:1")
        .env("HARD", "two words, \"quoted\", $HOME, back\\\\slash, 'single'")
        .env("EMPTY", "")
        .label("org.example.a b", "x=y $z")
        .author("A. O'B. $5")
        .workdir("/srv/with blank, it's \"odd\" $x")
        .workdir("below")
        .expose("53/udp")
        .volume("/data $x's")
        .stopSignal("SIGINT")
        .healthcheck(
            new Healthcheck(
                List.of("CMD-SHELL", "true || exit 1"),
                Duration.ofSeconds(90),
                Duration.ofSeconds(3),
                Duration.ZERO,
                Duration.ZERO,
                5,
                Map.of()))
        .shell("/bin/sh", "-ec")
        .run("echo \"$HARD\" > /made && [ -s /made ]")
        .run("/bin/busybox", "touch", "/by exec")
        .run(Command.shell("test -d '/in memory'").mount(Mount.tmpfs("/in memory")))
        .user("1234:5")
        .entrypoint("/bin/busybox", "echo", "a b", "$c", "\"d\"")
        .cmd("x", "y z")
        .onbuild("RUN echo built");
  }

  /** What buildah builds of the text is configured alike, and holds the same files. */
  @Test
  void instructionsWhenBuildahBuildsThemMakeTheSameImage() throws IOException {
    Tools.require("buildah");
    Tools.requireRoot("buildah's chroot isolation keeps owners as root only");
    Path base = temp.resolve("base");
    try (WorkingContainer c = container()) {
      c.commit("base:1").save(base, SaveOptions.ociLayout());
    }
    try (WorkingContainer c = cooper.from("base:1")) {
      Path context = Files.createDirectory(temp.resolve("context"));
      for (String name : ODD_NAMES) {
        c.copy(Files.writeString(context.resolve(name), name), "/odd/");
      }
      Image image = configured(c).commit("built:1");
      String text = "FROM oci:" + base + "\n" + String.join("\n", c.instructions()) + "\n";
      Files.writeString(context.resolve("Dockerfile"), text);
      try (Buildah buildah = new Buildah(temp.resolve("buildah"))) {
        buildah.run(
            "bud", "--format=docker", "--isolation=chroot", "--tag=theirs", context.toString());
        Path built = temp.resolve("theirs.tar");
        buildah.run("push", "theirs", "docker-archive:" + built);
        Image loaded = cooper.load(built).get(0);
        assertThat(names(loaded)).containsExactlyInAnyOrderElementsOf(names(image));
        assertThat(loaded.config().author()).isEqualTo(image.config().author());
        ContainerConfig theirs = loaded.config().config();
        ContainerConfig ours = image.config().config();
        assertThat(theirs.env())
            .filteredOn(each -> !each.startsWith("PATH=")) // which buildah gives to all
            .containsExactlyElementsOf(ours.env());
        assertThat(theirs.labels()).containsAllEntriesOf(ours.labels());
        assertThat(theirs.workingDir()).isEqualTo(ours.workingDir());
        assertThat(theirs.exposedPorts()).isEqualTo(ours.exposedPorts());
        assertThat(theirs.volumes()).isEqualTo(ours.volumes());
        assertThat(theirs.stopSignal()).isEqualTo(ours.stopSignal());
        assertThat(theirs.healthcheck()).isEqualTo(ours.healthcheck());
        assertThat(theirs.shell()).isEqualTo(ours.shell());
        assertThat(theirs.user()).isEqualTo(ours.user());
        assertThat(theirs.entrypoint()).isEqualTo(ours.entrypoint());
        assertThat(theirs.cmd()).isEqualTo(ours.cmd());
        assertThat(theirs.onBuild()).isEqualTo(ours.onBuild());
      }
    }
  }

  @Test
  void everyStepIsToldAndInTheHistory() throws IOException {
    try (WorkingContainer c = container()) {
      events.clear();
      Image image = configured(c).run(Command.shell("set -e\ntrue")).commit();
      List<String> told =
          events.stream()
              .filter(BuildEvent.StepStarted.class::isInstance)
              .map(event -> ((BuildEvent.StepStarted) event).step())
              .filter(step -> !step.startsWith("COMMIT"))
              .toList();
      assertThat(told).isEqualTo(c.instructions());
      assertThat(image.history()).extracting(line -> line.createdBy()).containsAll(told);
      assertThat(told).hasSize(20).last().isEqualTo("RUN <<\"EOF\"\nset -e\ntrue\nEOF");
    }
  }
}

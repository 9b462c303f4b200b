package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.Cooper;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.event.BuildEvent;
import dev.cooper.maintenance.StoreFinding;
import dev.cooper.oci.OperationException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Containers with names, after their JVM was killed or the machine crashed. */
class NamedContainerIT extends EndToEnd {
  private Path directory() throws IOException {
    return store.resolve("containers").resolve(names(store.resolve("containers")).get(0));
  }

  private void crash() throws IOException {
    Path file = directory().resolve("container.json");
    Files.writeString(
        file,
        Files.readString(file).replaceAll("\"boot\"\\s*:\\s*\"[^\"]*\"", "\"boot\":\"another\""));
  }

  /** The copies were tars until then, and are files from then on. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void containerWhenItsJvmIsKilledInItsFirstRunOpensWithItsCopies(boolean perStep)
      throws Exception {
    busybox().tag("base:1");
    Process child = ChildJvm.start(FirstRun.class, store.toString(), String.valueOf(perStep));
    try (BufferedReader out =
        new BufferedReader(new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8))) {
      assertThat(out.readLine()).isEqualTo("running");
    } finally {
      child.destroyForcibly();
    }
    assertThat(child.waitFor(10, TimeUnit.SECONDS)).isTrue();
    cooper.close();
    cooper = builder().build(); // whoever opens it removes what the dead had staged
    try (WorkingContainer c = cooper.container("kept")) {
      assertThat(cat(c, "/one") + cat(c, "/two")).isEqualTo("onetwo");
      Image image = c.run("echo three > /three").commit("built:1");
      assertThat(image.manifest().layers()).hasSize(perStep ? 4 : 2);
      c.remove();
    }
    assertThat(cooper.maintenance().check().findings()).isEmpty();
  }

  /** STORE PERSTEP: copies twice, and runs a command for ever. */
  static final class FirstRun {
    public static void main(String[] arguments) throws Exception {
      try (Cooper cooper =
              Cooper.builder().store(Path.of(arguments[0])).listener(FirstRun::tell).build();
          WorkingContainer c = cooper.from("base:1")) {
        c.name("kept");
        if (Boolean.parseBoolean(arguments[1])) {
          c.layerPerStep();
        }
        c.write("/one", "one").write("/two", "two").run("echo running; sleep 600");
      }
    }

    private static void tell(BuildEvent event) {
      if (event instanceof BuildEvent.Output output) {
        System.out.println(output.text().strip());
      }
    }
  }

  @Test
  void containerWhenTheMachineCrashedWhileItWasOpenIsRefused() throws IOException {
    try (WorkingContainer c = container()) {
      c.name("kept").run("echo x > /x");
      assertThat(Files.readString(directory().resolve("container.json")))
          .containsPattern("\"synced\"\\s*:\\s*false");
    }
    crash(); // after it was closed, when all was synced: nothing is lost
    try (WorkingContainer c = cooper.container("kept")) {
      assertThat(cat(c, "/x")).isEqualTo("x\n");
    }
    Path file = directory().resolve("container.json");
    Files.writeString(
        file, Files.readString(file).replaceAll("\"synced\"\\s*:\\s*true", "\"synced\":false"));
    crash();
    assertThatThrownBy(() -> cooper.container("kept"))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("the machine crashed while this container was open")
        .hasMessageContaining("repair()");
    assertThat(cooper.maintenance().check().findings())
        .extracting(StoreFinding::kind)
        .containsExactly(StoreFinding.Kind.BROKEN_CONTAINER);
    assertThat(cooper.maintenance().repair().findings()).isEmpty();
    assertThat(cooper.containers()).isEmpty();
  }

  @Test
  void containerWhoseCopyWasAlteredIsRefusedAndFound() throws IOException {
    for (byte[] altered : new byte[][] {{}, {1, 2, 3}}) {
      try (WorkingContainer c = container()) {
        c.name("kept").write("/x", "x");
      }
      Files.write(directory().resolve("steps/000000.tar"), altered);
      assertThatThrownBy(() -> cooper.container("kept"))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("a copy into it is damaged or gone")
          .hasMessageContaining("000000.tar");
      assertThat(cooper.maintenance().check().findings())
          .extracting(StoreFinding::kind)
          .containsExactly(StoreFinding.Kind.BROKEN_CONTAINER);
      assertThat(cooper.maintenance().repair().findings()).isEmpty();
      assertThat(cooper.containers()).isEmpty();
    }
  }

  @Test
  void containerWhoseBaseIsNotWrittenDownAnyMoreIsMended() throws IOException {
    try (WorkingContainer c = container()) {
      c.name("kept").run("echo x > /x");
    }
    Files.delete(directory().resolve("image"));
    assertThatThrownBy(() -> cooper.container("kept"))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining(busybox().digest().toString())
        .hasMessageContaining("repair()");
    assertThat(cooper.maintenance().repair().repaired())
        .extracting(StoreFinding::kind)
        .containsExactly(StoreFinding.Kind.BROKEN_CONTAINER);
    try (WorkingContainer c = cooper.container("kept")) {
      assertThat(cat(c, "/x")).isEqualTo("x\n");
      assertThat(c.commit("whole:1").manifest().layers()).hasSize(2);
      c.remove();
    }
  }

  /** What a JVM may leave that is killed while it seals a step, or tries an overlay. */
  @Test
  void containerWhenAStepWasLeftHalfSealedTakesItsPlace() throws IOException {
    try (WorkingContainer c = container()) {
      c.name("kept").layerPerStep().run("echo 1 > /one");
      Files.createDirectories(directory().resolve("layers/1/upper/left"));
      c.run("echo 2 > /two").run("echo 3 > /three");
      assertThat(c.exec("/bin/ls", "/left").status()).isNotZero();
      assertThat(c.commit("built:1").manifest().layers()).hasSize(4);
    }
    // Its record told of the third step before the tree was there.
    Path layers = directory().resolve("layers");
    Files.move(directory().resolve("changes"), directory().resolve("set-aside"));
    Files.move(layers.resolve("2"), directory().resolve("changes"));
    try (WorkingContainer c = cooper.container("kept")) {
      assertThat(layers.resolve("2")).exists();
      assertThat(cat(c, "/one") + cat(c, "/two") + cat(c, "/three")).isEqualTo("1\n2\n3\n");
      assertThat(c.commit("again:1").manifest().layers())
          .isEqualTo(cooper.image("built:1").manifest().layers());
      c.remove();
    }
  }

  @Test
  void containerWhenAJvmWasKilledWhileItTriedAnOverlayMounts() throws IOException {
    try (WorkingContainer c = container()) {
      c.name("kept").write("/x", "x");
    }
    Files.createDirectories(directory().resolve("probe/upper"));
    try (Cooper another = builder().build();
        WorkingContainer c = another.container("kept")) {
      assertThat(c.run("true").exec("/bin/cat", "/x").out()).isEqualTo("x");
      c.remove();
    }
  }
}

package dev.cooper.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.PlainRuntime;
import dev.cooper.TestImages;
import dev.cooper.io.Directories;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Platform;
import dev.cooper.oci.compress.Compression;
import dev.cooper.oci.layout.Validator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several JVMs at one store, and what is left when they are killed. */
@Tag("storm")
class StoreCrashIT {
  private static final int KILLS = 12;

  /** Each JVM's own, under names of all. */
  private static final List<Platform> PLATFORMS =
      List.of(
          Platform.of("linux", "amd64"),
          Platform.of("linux", "arm64"),
          Platform.of("linux", "s390x"));

  @TempDir Path directory;

  /** The other JVMs: arguments are the store, the JVM's own number and what it does. */
  static final class Child {
    private Child() {}

    public static void main(String[] args) throws IOException {
      try (Store store = TestImages.open(Path.of(args[0]))) {
        if (args[2].equals("add")) {
          for (int i = 0; i < 15; i++) {
            add(store, args[1], i);
            Platform own = PLATFORMS.get(Integer.parseInt(args[1]));
            TestImages.add(store, "all:" + i, own, Compression.NONE, TestImages.greeting("all"));
          }
          return;
        }
        for (int i = 0; ; i++) {
          StoredImage image = add(store, args[1], i);
          new LayerTrees(store).unpacked(image, new PlainRuntime(path -> {}), notice -> {});
          store.containers().create(image, null).close();
          if (i % 3 != 0) {
            store.remove(image);
          }
        }
      }
    }

    private static StoredImage add(Store store, String who, int number) throws IOException {
      byte[] shared = TestImages.greeting("shared by all");
      byte[] large = TestImages.greeting((who + number).repeat(400_000));
      return TestImages.add(store, "app-" + who + ":" + number, Compression.NONE, shared, large);
    }
  }

  private Path root() {
    return directory.resolve("store");
  }

  private Process child(int number, String what) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx128m",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            Child.class.getName(),
            root().toString(),
            String.valueOf(number),
            what)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(directory.resolve("errors-" + number).toFile())
        .start();
  }

  @Test
  void imagesOfSeveralJvmsAreAllThere() throws Exception {
    List<Process> children = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      children.add(child(i, "add"));
    }
    for (int i = 0; i < 3; i++) {
      assertThat(children.get(i).waitFor(2, TimeUnit.MINUTES)).isTrue();
      assertThat(directory.resolve("errors-" + i)).isEmptyFile();
      assertThat(children.get(i).exitValue()).isZero();
    }
    try (Store store = TestImages.open(root())) {
      assertThat(store.list()).hasSize(45 + PLATFORMS.size());
      for (int i = 0; i < 15; i++) {
        for (Platform each : PLATFORMS) {
          assertThat(store.find("all:" + i, each)).as("all:%d %s", i, each).isPresent();
        }
      }
      for (int i = 0; i < 45; i++) {
        assertThat(store.find("app-" + i / 15 + ":" + i % 15)).isPresent();
      }
    }
    assertThat(Validator.validate(root())).isEmpty();
  }

  @Test
  void killedJvmsLeaveAWholeStoreAndNoOrphans() throws Exception {
    Random random = new Random(7);
    int images = 0;
    for (int i = 0; i < KILLS; i++) {
      Process one = child(2 * i, "churn");
      Process two = child(2 * i + 1, "churn");
      awaitAnImage();
      Thread.sleep(random.nextInt(500));
      one.destroyForcibly().waitFor();
      check(); // while the other one goes on
      two.destroyForcibly().waitFor();
      check();
      assertThat(directory.resolve("errors-" + 2 * i)).isEmptyFile();
      assertThat(directory.resolve("errors-" + (2 * i + 1))).isEmptyFile();
      try (Store store = TestImages.open(root())) {
        images = Math.max(images, store.list().size());
        checkNoOrphans(store);
        for (StoredImage image : store.list()) {
          store.remove(image);
        }
        assertThat(Directories.list(root().resolve("blobs/sha256"))).isEmpty();
        assertThat(Directories.list(root().resolve("layers"))).isEmpty();
      }
    }
    assertThat(images).as("images that were there after some kill").isPositive();
  }

  /**
   * From then on there is something to be left whole: a JVM's start takes longer on a busy machine.
   */
  private void awaitAnImage() throws Exception {
    Path index = root().resolve("index.json");
    long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
    while (!Files.exists(index) || !Files.readString(index).contains("app-")) {
      assertThat(System.nanoTime() - end).as("no image after a minute").isNegative();
      Thread.sleep(5);
    }
  }

  private void check() throws IOException {
    try (Store store = TestImages.open(root())) {
      for (StoredImage image : store.list()) {
        for (ImageReference name : image.names()) {
          store.find(name.toString()); // may be gone, but must not be broken
        }
      }
    }
  }

  private void checkNoOrphans(Store store) throws IOException {
    Set<String> blobs = new HashSet<>();
    Set<String> layers = new HashSet<>();
    for (StoredImage image : store.list()) {
      blobs.add(image.descriptor().digest().hex());
      blobs.add(image.id().hex());
      for (Descriptor layer : image.manifest().layers()) {
        blobs.add(layer.digest().hex());
        try (var in = store.open(layer)) {
          assertThat(in.readAllBytes()).hasSize((int) layer.size());
        }
      }
      for (Digest diffId : image.config().diffIds()) {
        layers.add(diffId.hex());
      }
    }
    assertThat(Directories.list(root().resolve("blobs/sha256")).stream().map(Directories::name))
        .containsExactlyInAnyOrderElementsOf(blobs);
    assertThat(Directories.list(root().resolve("layers")).stream().map(StoreCrashIT::stem))
        .isSubsetOf(layers);
    assertThat(Directories.list(root().resolve("containers"))).isEmpty();
    assertThat(Directories.list(root().resolve("staging"))).containsExactly(store.staging());
    assertThat(Directories.list(root())).noneMatch(each -> Directories.name(each).startsWith("."));
    assertThat(Files.exists(root().resolve("index.json"))).isTrue();
  }

  private static String stem(Path layer) {
    return Directories.name(layer).replace(".idx", "");
  }
}

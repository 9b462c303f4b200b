package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.Cooper;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.image.SaveOptions;
import dev.cooper.oci.compress.Compression;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Builds in JVMs of their own: several on one store, one with little memory, one of a newer JDK.
 */
@Tag("storm")
class ChildJvmsIT extends EndToEnd {
  private static final int BUILDS = 3;
  private static final int MEGABYTES = 200;

  // --- several

  @Test
  void buildsWhenTwoJvmsShareAStoreAllSucceedAndLeaveNothing() throws Exception {
    String base = busyboxTar().toString();
    List<Process> jvms = new ArrayList<>();
    for (String name : List.of("left", "right")) {
      jvms.add(ChildJvm.start(Sharing.class, store.toString(), base, name));
    }
    for (Process jvm : jvms) {
      try (InputStream out = jvm.getInputStream()) {
        String said = new String(out.readAllBytes(), StandardCharsets.UTF_8);
        assertThat(jvm.waitFor(2, TimeUnit.MINUTES)).isTrue();
        assertThat(jvm.exitValue()).as(said).isZero();
      } finally {
        jvm.destroyForcibly();
      }
    }
    Set<String> names = new HashSet<>();
    for (Image image : cooper.images()) {
      names.addAll(image.names());
    }
    for (String jvm : List.of("left", "right")) {
      for (int thread = 0; thread < 2; thread++) {
        for (int build = 0; build < BUILDS; build++) {
          String own = jvm + "-" + thread + "-" + build;
          assertThat(names).contains(own + ":1");
          Map<String, Tars.Found> layer = Tars.last(store, cooper.image(own + ":1"));
          assertThat(layer.get("by-run").text()).isEqualTo(own + "\n");
          assertThat(layer.get("by-write").text()).isEqualTo(own);
        }
      }
    }
    assertThat(Tars.last(store, cooper.image("shared:1")).get("same").text()).isEqualTo("same");
    assertValid();
    assertThat(EndToEnd.names(store.resolve("containers"))).isEmpty();
  }

  /** STORE BASE NAME: builds in two threads, both beginning from the same tarball. */
  static final class Sharing {
    public static void main(String[] arguments) throws Exception {
      ExecutorService threads = Executors.newFixedThreadPool(2);
      try (Cooper cooper = Cooper.builder().store(Path.of(arguments[0])).sourceDate(NOW).build()) {
        List<Future<?>> ends = new ArrayList<>();
        for (int thread = 0; thread < 2; thread++) {
          String name = arguments[2] + "-" + thread;
          ends.add(threads.submit(() -> builds(cooper, Path.of(arguments[1]), name)));
        }
        for (Future<?> end : ends) {
          end.get();
        }
      } finally {
        threads.shutdown();
      }
    }

    private static void builds(Cooper cooper, Path base, String name) {
      for (int build = 0; build < BUILDS; build++) {
        String own = name + "-" + build;
        try (WorkingContainer c = cooper.from(base)) {
          c.run("echo " + own + " > /by-run").write("/by-write", own).commit(own + ":1");
        }
        try (WorkingContainer c = cooper.from(base)) {
          c.write("/same", "same").commit("shared:1");
        }
      }
    }
  }

  // --- little memory

  @Test
  void buildWhenLayersAreLargerThanTheHeapSucceeds() throws IOException {
    Path big = temp.resolve("big");
    byte[] chunk = new byte[1 << 20];
    new Random(1).nextBytes(chunk);
    try (OutputStream out = Files.newOutputStream(big)) {
      for (int i = 0; i < MEGABYTES; i++) {
        chunk[0] = (byte) i;
        out.write(chunk);
      }
    }
    String said =
        ChildJvm.run(
            Map.of(),
            List.of("-Xmx128m"),
            Small.class,
            store.toString(),
            busyboxTar().toString(),
            big.toString(),
            temp.resolve("saved.tar").toString());
    assertThat(said).contains("heap of at most 128 MiB");
    Image image = cooper.image("big:1");
    assertThat(image.size()).isGreaterThan(2L * MEGABYTES << 20);
    image.remove();
  }

  /** STORE BASE BIG SAVED: a layer of a copy, of a command's output and of many files. */
  static final class Small {
    public static void main(String[] arguments) throws Exception {
      long heap = Runtime.getRuntime().maxMemory() >> 20;
      try (Cooper cooper = Cooper.builder().store(Path.of(arguments[0])).build();
          WorkingContainer c = cooper.from(Path.of(arguments[1]))) {
        Image image =
            c.copy(Path.of(arguments[2]), "/copied")
                .run("cp /copied /again && echo more >> /again")
                .run("mkdir /many && cd /many && seq 1 20000 | xargs touch")
                .commit("big:1");
        image.save(Path.of(arguments[3]), SaveOptions.ociArchive().compression(Compression.ZSTD));
      }
      System.out.println("heap of at most " + (heap <= 128 ? 128 : heap) + " MiB");
    }
  }

  // --- a newer JDK

  @Test
  void buildWhenTheJdkIs25GivesTheSameImage() throws IOException {
    Path java = jdk("25");
    Path sources = Files.createDirectories(temp.resolve("sources"));
    Files.writeString(sources.resolve("file"), "content");
    String own = build(Path.of(System.getProperty("java.home"), "bin", "java"), "own", sources);
    String newer = build(java, "newer", sources);
    assertThat(newer).isEqualTo(own).startsWith("sha256:");
  }

  /** Builds the recipe and gives what it says of the image: its digest and its layers. */
  private String build(Path java, String name, Path sources) throws IOException {
    Path directory = temp.resolve(name);
    List<String> command =
        ChildJvm.command(
            List.of(),
            Recipe.class,
            directory.toString(),
            busyboxTar().toString(),
            sources.toString());
    command.set(0, java.toString());
    Tools.Ended ended = Tools.attempt(Map.of(), command.toArray(new String[0]));
    assertThat(ended.status()).as(ended.output()).isZero();
    try (Cooper other = builder().store(directory).build()) {
      other.images().forEach(Image::remove);
    }
    String said = ended.output();
    return said.substring(said.indexOf("sha256:"));
  }

  /** A JDK of the machine; there may be none, in CI too. */
  private static Path jdk(String version) throws IOException {
    Path all = Path.of("/usr/lib/jvm");
    if (Files.isDirectory(all)) {
      try (Stream<Path> homes = Files.list(all)) {
        for (Path home : homes.sorted().toList()) {
          Path release = home.resolve("release");
          if (Files.isReadable(release)
              && Files.readString(release).contains("JAVA_VERSION=\"" + version)
              && Files.isExecutable(home.resolve("bin/java"))) {
            return home.resolve("bin/java");
          }
        }
      }
    }
    return org.junit.jupiter.api.Assumptions.abort("no JDK " + version + " lies in " + all);
  }
}

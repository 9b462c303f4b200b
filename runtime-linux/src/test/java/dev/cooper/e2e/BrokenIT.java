package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.Cooper;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.event.BuildEvent;
import dev.cooper.image.CopyImageOptions;
import dev.cooper.image.SaveOptions;
import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.compress.Compression;
import dev.cooper.oci.layer.TarEntry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What once broke it, from the outside. */
class BrokenIT extends EndToEnd {
  @Test
  void buildsWhenOfTwoJvmsWithManyThreadsAllSucceed() throws Exception {
    busybox().tag("base:1");
    ExecutorService pool = Executors.newFixedThreadPool(2);
    try {
      List<Future<String>> all = new ArrayList<>();
      for (String name : List.of("one", "two")) {
        all.add(
            pool.submit(
                () -> ChildJvm.run(Map.of(), List.of(), Builds.class, store.toString(), name)));
      }
      for (Future<String> each : all) {
        assertThat(each.get()).contains("built 100");
      }
    } finally {
      pool.shutdownNow();
    }
  }

  /** STORE NAME: builds, names and removes images in four threads. */
  static final class Builds {
    public static void main(String[] arguments) throws Exception {
      ExecutorService pool = Executors.newFixedThreadPool(4);
      try (Cooper cooper = Cooper.builder().store(Path.of(arguments[0])).build()) {
        List<Future<Integer>> all = new ArrayList<>();
        for (int thread = 0; thread < 4; thread++) {
          String name = arguments[1] + thread;
          all.add(pool.submit(() -> build(cooper, name)));
        }
        int built = 0;
        for (Future<Integer> each : all) {
          built += each.get();
        }
        System.out.println("built " + built);
      } finally {
        pool.shutdownNow();
      }
    }

    private static int build(Cooper cooper, String name) {
      for (int i = 0; i < 25; i++) {
        try (WorkingContainer c = cooper.from("base:1")) {
          String tag = name + ":" + i;
          Image image = c.write("/which", tag).commit().tag(tag);
          image.untag(tag);
          image.remove();
        }
      }
      return 25;
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void runWhenTheCopiesBeforeItCannotBeWrittenLosesNoneOfThem(boolean perStep) throws IOException {
    try (WorkingContainer c = container()) {
      if (perStep) {
        c.layerPerStep();
      }
      c.write("/first", "1").add(owned(1L << 40), "/").write("/last", "3");
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(() -> c.exec("/bin/true"))
            .isInstanceOf(ContentException.class)
            .hasMessageContaining(Long.toString(1L << 40));
      }
      c.commit("kept:1");
    }
    Image image = cooper.image("kept:1");
    if (!perStep) {
      assertThat(Tars.last(store, image)).containsKeys("first", "mine", "last");
    }
  }

  @Test
  void copyWhenTheImageWasThereWithoutANameKeepsIt() throws IOException {
    Image image;
    try (WorkingContainer c = cooper.scratch()) {
      image = c.write("/x", "y").commit();
    }
    Path archive = temp.resolve("a.tar");
    image.save(archive, SaveOptions.ociArchive().compression(Compression.NONE));
    cooper.copy(
        "oci-archive:" + archive,
        "docker-archive:" + temp.resolve("d.tar") + ":x:1",
        CopyImageOptions.DEFAULT);
    assertThat(cooper.findImage(image.id().toString())).isPresent();
  }

  @Test
  void closeWhenACommandMadeVeryDeepDirectoriesRemovesThem() throws IOException {
    try (WorkingContainer c = container()) {
      c.run("i=0; while [ $i -lt 3000 ]; do mkdir q; cd q; i=$((i+1)); done");
    }
    try (WorkingContainer c = container()) {
      c.run("i=0; while [ $i -lt 1000 ]; do mkdir -p qqqqqq; cd qqqqqq; i=$((i+1)); done");
      assertThatThrownBy(c::commit)
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("path of");
    }
    try (Cooper again = builder().build()) {
      assertThat(again.containers()).isEmpty();
    }
  }

  @Test
  void unpackWhenAnOwnerIsBeyondTheKernelsRefusesIt() throws IOException {
    for (long owner : new long[] {1L << 40, 4294967295L}) {
      try (WorkingContainer c = cooper.from(cooper.importRoot(owned(owner)))) {
        assertThatThrownBy(() -> c.exec("/bin/true"))
            .isInstanceOf(ContentException.class)
            .hasMessageContaining(Long.toString(owner));
      }
    }
  }

  /** A tar with a file of somebody's. */
  private Path owned(long owner) throws IOException {
    return Files.write(
        temp.resolve(owner + ".tar"),
        Tars.of(
            tar -> {
              tar.begin(TarEntry.file(ByteString.utf8("mine"), 0644, 0).withOwner(owner, 0));
              tar.end();
            }));
  }

  @Test
  void copyWhenThePathIsEmptyIsRefused() throws IOException {
    try (WorkingContainer c = cooper.scratch()) {
      assertThatThrownBy(() -> c.copy(Path.of(""), "/x"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("empty");
    }
    assertThatThrownBy(() -> cooper.from("rootfs:")).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void copyWhenTheStoreLiesInItLeavesTheStoreOut() throws IOException {
    Files.writeString(temp.resolve("beside"), "taken");
    try (WorkingContainer c = cooper.scratch()) {
      Image image = c.copy(temp, "/all").commit();
      assertThat(Tars.last(store, image).keySet())
          .contains("all/beside")
          .noneMatch(path -> path.startsWith("all/store"));
    }
    assertThat(events)
        .anyMatch(
            event ->
                event instanceof BuildEvent.Notice notice && notice.message().contains("store"));
  }
}

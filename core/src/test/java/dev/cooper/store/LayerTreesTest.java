package dev.cooper.store;

import static dev.cooper.TestImages.greeting;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.PlainRuntime;
import dev.cooper.TestImages;
import dev.cooper.io.Directories;
import dev.cooper.io.Io;
import dev.cooper.oci.compress.Compression;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LayerTreesTest {
  @TempDir Path directory;
  private final List<Path> unpacked = Collections.synchronizedList(new ArrayList<>());
  private final PlainRuntime runtime = new PlainRuntime(unpacked::add);

  @Test
  void unpackedFromManyThreadsUnpacksEachLayerOnce() throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(6);
    try (Store one = TestImages.open(directory.resolve("store"));
        Store two = TestImages.open(directory.resolve("store"))) {
      StoredImage image =
          TestImages.add(one, "x", Compression.GZIP, greeting("a"), greeting("b"), greeting("c"));
      List<Future<List<Path>>> all = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        LayerTrees trees = new LayerTrees(i % 2 == 0 ? one : two);
        all.add(pool.submit(() -> trees.unpacked(image, runtime, notice -> {})));
      }
      for (Future<List<Path>> each : all) {
        assertThat(each.get()).hasSize(3).isEqualTo(all.get(0).get());
      }
      assertThat(unpacked).hasSize(3);
    } finally {
      pool.shutdownNow();
    }
  }

  @Test
  void unpackedWhenALayerComesTwiceGivesItOnceAndUppermost() throws IOException {
    try (Store store = TestImages.open(directory.resolve("store"))) {
      StoredImage image =
          TestImages.add(store, "x", Compression.NONE, greeting("a"), greeting("b"), greeting("a"));

      List<Path> trees = new LayerTrees(store).unpacked(image, runtime, notice -> {});

      assertThat(trees).hasSize(2);
      assertThat(trees.get(0).resolve("greeting")).hasContent("b");
      assertThat(trees.get(1).resolve("greeting")).hasContent("a");
    }
  }

  @Test
  void unpackedWhenTheTreeIsOfAnotherBootUnpacksAgain() throws IOException {
    try (Store store = TestImages.open(directory.resolve("store"))) {
      StoredImage image = TestImages.add(store, "x", Compression.NONE, greeting("a"));
      LayerTrees trees = new LayerTrees(store);
      Path tree = trees.unpacked(image, runtime, notice -> {}).get(0);
      Files.writeString(tree.resolve("greeting"), "torn");
      Files.writeString(Directories.parent(tree).resolve("done"), "another boot");

      assertThat(trees.unpacked(image, runtime, notice -> {})).containsExactly(tree);
      assertThat(tree.resolve("greeting")).hasContent("a");
    }
  }

  @Test
  void unpackedWhenTheTreeHasSettledHasItSyncedAndKeepsItOverABoot() throws Exception {
    try (Store store = TestImages.open(directory.resolve("store"))) {
      StoredImage image = TestImages.add(store, "x", Compression.NONE, greeting("a"));
      LayerTrees trees = new LayerTrees(store);
      Path tree = trees.unpacked(image, runtime, notice -> {}).get(0);
      Path done = Directories.parent(tree).resolve("done");
      trees.unpacked(image, runtime, notice -> {});
      assertThat(runtime.synced).isEmpty();
      Files.setLastModifiedTime(
          done, FileTime.from(store.clock().instant().minus(Duration.ofMinutes(2))));

      trees.unpacked(image, runtime, notice -> {});

      for (int i = 0; i < 1000 && !Files.readString(done).equals("synced"); i++) {
        Thread.sleep(5);
      }
      assertThat(done).hasContent("synced");
      assertThat(runtime.synced).containsExactly(store.directory());
      assertThat(trees.unpacked(image, runtime, notice -> {})).containsExactly(tree);
      assertThat(unpacked).hasSize(1);
    }
  }

  @Test
  void unpackedWhenATreeIsUnpackedAnewDuringTheSyncDoesNotTrustIt() throws Exception {
    try (Store store = TestImages.open(directory.resolve("store"))) {
      StoredImage image = TestImages.add(store, "x", Compression.NONE, greeting("a"));
      LayerTrees trees = new LayerTrees(store);
      Path tree = trees.unpacked(image, runtime, notice -> {}).get(0);
      Path done = Directories.parent(tree).resolve("done");
      Files.setLastModifiedTime(
          done, FileTime.from(store.clock().instant().minus(Duration.ofMinutes(2))));
      CompletableFuture<Thread> syncing = new CompletableFuture<>();
      runtime.onSync =
          () -> {
            runtime.delete(Directories.parent(tree));
            Io.run("", () -> trees.unpacked(image, runtime, notice -> {}));
            syncing.complete(Thread.currentThread());
          };

      trees.unpacked(image, runtime, notice -> {});

      syncing.get().join();
      assertThat(done).hasContent(SyncJournal.boot());
      assertThat(unpacked).hasSize(2);
    }
  }

  @Test
  void removeTakesTheTreesAlong() throws IOException {
    try (Store store = TestImages.open(directory.resolve("store"))) {
      StoredImage image = TestImages.add(store, "x", Compression.NONE, greeting("a"));
      new LayerTrees(store).unpacked(image, runtime, notice -> {});

      store.remove(image);

      assertThat(directory.resolve("store/layers")).isEmptyDirectory();
    }
  }
}

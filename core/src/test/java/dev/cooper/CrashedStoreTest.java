package dev.cooper;

import static dev.cooper.TestImages.add;
import static dev.cooper.TestImages.greeting;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.io.Directories;
import dev.cooper.io.FileLocksTest;
import dev.cooper.io.Io;
import dev.cooper.maintenance.ContainerInfo;
import dev.cooper.maintenance.StoreFinding;
import dev.cooper.oci.CooperException;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.compress.Compression;
import dev.cooper.store.Containers;
import dev.cooper.store.Store;
import dev.cooper.store.StoredImage;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a killed JVM, a crashed machine or an interrupted thread leaves of a store, made by hand,
 * and what becomes of it.
 */
class CrashedStoreTest {
  @TempDir Path directory;
  private Path root;
  private Cooper cooper;

  @BeforeEach
  void open() {
    root = directory.resolve("store");
    cooper = Cooper.builder().store(root).build();
  }

  @AfterEach
  void close() {
    cooper.close();
    assertThat(root.resolve("staging")).isEmptyDirectory();
  }

  private StoredImage image(String name) throws IOException {
    return add(cooper.session().store(), name, Compression.NONE, greeting(name));
  }

  private List<StoreFinding.Kind> found() {
    return cooper.maintenance().check().findings().stream().map(StoreFinding::kind).toList();
  }

  // --- containers with names

  /** A closed one that holds a copy. */
  private Path kept() throws IOException {
    image("app:1");
    try (WorkingContainer c = cooper.from("app:1")) {
      c.name("kept").write("/x", "x");
      assertThat(record(directoryOfContainer())).contains("\"synced\":false");
    }
    Path container = directoryOfContainer();
    assertThat(record(container)).contains("\"synced\":true");
    return container;
  }

  private Path directoryOfContainer() throws IOException {
    List<Path> all = Directories.list(root.resolve("containers"));
    assertThat(all).hasSize(1);
    return all.get(0);
  }

  private static String record(Path container) throws IOException {
    return Files.readString(container.resolve("container.json")).replaceAll("\\s", "");
  }

  /** As if the machine had crashed while it was open. */
  private static void crash(Path container) throws IOException {
    Files.writeString(
        container.resolve("container.json"),
        record(container)
            .replace("\"synced\":true", "\"synced\":false")
            .replaceAll("\"boot\":\"[^\"]*\"", "\"boot\":\"another\""));
  }

  private void assertRepairRemoves(Path container) throws IOException {
    assertThat(found()).containsExactly(StoreFinding.Kind.BROKEN_CONTAINER);
    for (int i = 0; i < 2; i++) { // the first leaves no lock to the second
      assertThatThrownBy(() -> cooper.container("kept"))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("repair()")
          .hasMessageNotContaining("in use");
    }
    assertThat(cooper.maintenance().repair().findings()).isEmpty();
    assertThat(container).doesNotExist();
    assertThat(found()).isEmpty();
  }

  @Test
  void containerWhenItsBaseWasCutOffIsMendedFromItsRecord() throws IOException {
    Path container = kept();
    Files.write(container.resolve("image"), new byte[0]);

    assertThat(cooper.containers()).hasSize(1);
    Cooper.builder().store(root).build().close();
    image("other:1").names().forEach(name -> cooper.image("other:1").remove());
    assertThatThrownBy(() -> cooper.container("kept")).hasMessageContaining("repair()");
    assertThat(found()).containsExactly(StoreFinding.Kind.BROKEN_CONTAINER);
    assertThat(cooper.maintenance().repair().findings()).isEmpty();
    assertThat(found()).isEmpty();
    try (WorkingContainer c = cooper.container("kept")) {
      c.commit("built:1");
      assertThatThrownBy(() -> cooper.image("app:1").remove()).hasMessageContaining("kept");
      c.remove();
    }
  }

  @Test
  void containerWhenItsRecordIsDamagedOrMissingIsRemovedByRepair() throws IOException {
    Path container = kept();
    Files.writeString(container.resolve("container.json"), "{");
    assertRepairRemoves(container);
    Path another = kept();
    Files.delete(another.resolve("container.json"));
    assertRepairRemoves(another);
  }

  @Test
  void containerWhenTheMachineCrashedOpensIfItsCopiesAreWhole() throws IOException {
    Path container = kept();
    crash(container);
    try (WorkingContainer c = cooper.container("kept")) {
      assertThat(c.commit("built:1").manifest().layers()).hasSize(2);
    }
    crash(container);
    Path tar = container.resolve("steps/000000.tar");
    byte[] bytes = Files.readAllBytes(tar);
    Files.delete(tar); // it is a blob too by now
    bytes[600] ^= 1;
    Files.write(tar, bytes);
    assertRepairRemoves(container);
  }

  @Test
  void copyWhenABasesLayerIsDamagedLeavesNoContainer() throws IOException {
    StoredImage image = image("app:1");
    Path layer = cooper.session().store().blob(image.manifest().layers().get(0).digest());
    try (FileChannel channel = FileChannel.open(layer, StandardOpenOption.WRITE)) {
      channel.truncate(700);
    }
    try (WorkingContainer c = cooper.from("app:1")) {
      assertThatThrownBy(() -> c.write("/there", "x")).isInstanceOf(CooperException.class);
    }
    assertThat(cooper.containers()).isEmpty();
    assertThat(cooper.maintenance().repair().findings()).isEmpty();
    assertThat(found()).isEmpty();
  }

  /** Its name comes while somebody who has seen none waits for its lock. */
  @Test
  void removeOrphansWhenAContainerIsNamedMeanwhileLeavesIt() throws Exception {
    Path container = Files.createDirectory(root.resolve("containers/0123456789abcdef"));
    Path lock = root.resolve("locks/container-0123456789abcdef");
    Process holder = FileLocksTest.holder(lock);
    try {
      FileLocksTest.signByTheDead(lock, holder);
      Containers containers = cooper.session().store().containers();
      Thread removing =
          new Thread(
              () ->
                  Io.run(
                      "",
                      () -> {
                        containers.removeOrphans();
                        return true;
                      }));
      removing.start();
      while (removing.getState() != Thread.State.TIMED_WAITING) {
        assertThat(removing.isAlive()).as("waits").isTrue();
        Thread.onSpinWait();
      }
      Files.writeString(container.resolve("name"), "kept");
      holder.destroyForcibly().waitFor();
      removing.join();
    } finally {
      holder.destroyForcibly().waitFor();
    }
    assertThat(container.resolve("name")).exists();
  }

  // --- images

  @Test
  void removeWhenTwoDoAtOnceTellsOneThatItIsGone() throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(2);
    try {
      Store store = cooper.session().store();
      for (int i = 0; i < 40; i++) {
        StoredImage one = image("one:1");
        StoredImage two = store.tag(one, ImageReference.parse("two:1"));
        CyclicBarrier together = new CyclicBarrier(2);
        List<Callable<Boolean>> both = new ArrayList<>();
        for (StoredImage image : List.of(one, two)) {
          both.add(
              () -> {
                together.await();
                try {
                  store.remove(image);
                  return true;
                } catch (OperationException gone) {
                  assertThat(gone).hasMessageContaining("was removed from the store");
                  return false;
                }
              });
        }
        List<Boolean> removed = new ArrayList<>();
        for (Future<Boolean> each : pool.invokeAll(both)) {
          removed.add(each.get());
        }
        assertThat(removed).containsExactlyInAnyOrder(true, false);
        assertThat(store.list()).isEmpty();
      }
    } finally {
      pool.shutdownNow();
    }
  }

  @Test
  void openWhenSeveralFindAnotherBootsJournalAllDo() throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(4);
    try {
      for (int i = 0; i < 15; i++) {
        StoredImage image = image("torn:1");
        Digest layer = image.manifest().layers().get(0).digest();
        Path blob = cooper.session().store().blob(layer);
        Files.write(blob, new byte[] {1});
        Files.writeString(root.resolve("unsynced/another-boot.someone"), layer + "\n");
        Callable<Boolean> open =
            () -> {
              Cooper.builder().store(root).build().close();
              return true;
            };
        for (Future<Boolean> each : pool.invokeAll(List.of(open, open, open, open))) {
          assertThat(each.get()).isTrue();
        }
        assertThat(cooper.images()).isEmpty();
        assertThat(blob).doesNotExist();
        assertThat(root.resolve("unsynced")).isEmptyDirectory();
      }
    } finally {
      pool.shutdownNow();
    }
  }

  // --- interruption

  @Test
  void closeWhenInterruptedRemovesAllAndKeepsTheFlag() throws IOException {
    image("app:1");
    cooper.from("app:1").name("kept").write("/x", "x");
    cooper.from("app:1").write("/y", "y");
    Thread.currentThread().interrupt();
    cooper.close();
    assertThat(Thread.interrupted()).isTrue();
    assertThat(root.resolve("staging")).isEmptyDirectory();
    cooper = Cooper.builder().store(root).build();
    assertThat(cooper.containers()).extracting(ContainerInfo::name).containsExactly("kept");
    cooper.container("kept").remove();
    assertThat(found()).isEmpty();
  }

  /** Without a lock's file it is of a JVM that could not close it. */
  @Test
  void openWhenStagingHasNoLockSweepsWhatItPinned() throws IOException {
    Path left = Files.createDirectories(root.resolve("staging/left/pins"));
    Path blob =
        Files.writeString(
            root.resolve("blobs/sha256")
                .resolve(Digest.sha256("x".getBytes(StandardCharsets.UTF_8)).hex()),
            "x");
    Cooper.builder().store(root).build().close();
    assertThat(left).doesNotExist();
    assertThat(blob).doesNotExist();
  }
}

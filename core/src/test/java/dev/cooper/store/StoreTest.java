package dev.cooper.store;

import static dev.cooper.TestImages.add;
import static dev.cooper.TestImages.greeting;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cooper.TestImages;
import dev.cooper.io.Directories;
import dev.cooper.io.FullDisk;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.compress.Compression;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoreTest {
  private static final ImageReference APP = ImageReference.parse("app:1");

  @TempDir Path directory;

  private Path root() {
    return directory.resolve("store");
  }

  private long blobs() throws IOException {
    try (Stream<Path> all = Files.list(root().resolve("blobs/sha256"))) {
      return all.count();
    }
  }

  @Test
  void openWhenThereIsNothingMakesAPrivateLayout() throws IOException {
    try (Store store = TestImages.open(root())) {
      assertThat(store.list()).isEmpty();
    }

    assertThat(root().resolve("oci-layout")).exists();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(root())))
        .isEqualTo("rwx------");
    assertThat(root().resolve("staging")).isEmptyDirectory();
    assertThat(root().resolve("unsynced")).isEmptyDirectory();
  }

  private static void mode(Path path, String permissions) throws IOException {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
  }

  private void assertRefused(String... told) {
    assertThatThrownBy(() -> TestImages.open(root()))
        .isInstanceOf(OperationException.class)
        .hasMessageStartingWith("cannot open the store " + root())
        .hasMessageContainingAll(told)
        .hasMessageContaining("COOPER_STORE");
  }

  @Test
  void openWhenOthersMayWriteToItRefusesIt() throws IOException {
    TestImages.open(root()).close();
    for (String open : List.of("rwxrwxrwx", "rwxrwx---", "rwx----w-")) {
      mode(root(), open);
      assertRefused("others may write to " + root(), "chmod -R go-w");
    }
    mode(root(), "rwxr-xr-x");
    for (String part : List.of("layers", "containers", "staging", "locks", "cache")) {
      mode(root().resolve(part), "rwxrwxr-x");
      assertRefused("others may write to " + root().resolve(part));
      mode(root().resolve(part), "rwx------");
    }
    TestImages.open(root()).close();
    Files.createDirectory(directory.resolve("empty"));
    mode(directory.resolve("empty"), "rwxrwxrwx");
    assertThatThrownBy(() -> TestImages.open(directory.resolve("empty")))
        .hasMessageContaining("others may write to");
  }

  @Test
  void openWhenOthersMayWriteAboveItRefusesIt() throws IOException {
    Path parent = Files.createDirectory(directory.resolve("parent"));
    Path store = parent.resolve("in/store");
    TestImages.open(store).close();
    mode(parent, "rwxrwxrwx");
    assertThatThrownBy(() -> TestImages.open(store))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("others may write to " + parent)
        .hasMessageContaining("chmod go-w " + parent);
    Files.setAttribute(parent, "unix:mode", 01777);
    TestImages.open(store).close();
  }

  @Test
  void openWhenItBelongsToAnotherUserRefusesIt() throws IOException {
    assumeTrue(System.getProperty("user.name").equals("root"), "only root can give files away");
    TestImages.open(root()).close();
    for (Path each : List.of(root(), root().resolve("layers"))) {
      Files.setAttribute(each, "unix:uid", 1);
      assertRefused("(uid 1), expected uid 0");
      Files.setAttribute(each, "unix:uid", 0);
    }
    TestImages.open(root()).close();
  }

  @Test
  void openKeepsInodesForAFullDisk() throws IOException {
    TestImages.open(root()).close();
    assertThat(Directories.list(root().resolve(FullDisk.SPARE))).hasSize(FullDisk.INODES);
  }

  @Test
  void openWhenItsMarkIsCutOffMakesItAnew() throws IOException {
    StoredImage image;
    try (Store store = TestImages.open(root())) {
      image = add(store, "app:1", Compression.GZIP, greeting("hi"));
    }
    for (String torn : List.of("", "{\"imageLay")) {
      Files.writeString(root().resolve("oci-layout"), torn);
      try (Store store = TestImages.open(root())) {
        assertThat(store.find("app:1")).contains(image);
      }
      assertThat(root().resolve("oci-layout")).content().contains("1.0.0");
    }
    Files.writeString(root().resolve("oci-layout"), "{\"imageLayoutVersion\":\"9.0.0\"}");
    assertThatThrownBy(() -> TestImages.open(root())).hasMessageContaining("9.0.0");
  }

  @Test
  void openWhenOtherFilesAreThereRefuses() throws IOException {
    Files.createDirectory(root());
    Files.writeString(root().resolve("letter.txt"), "dear");

    assertThatThrownBy(() -> TestImages.open(root()))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("letter.txt");
    assertThat(root().resolve("blobs")).doesNotExist();
  }

  @Test
  void removeUnnamedWhenSomebodyHasNamedItMeanwhileLeavesIt() throws IOException {
    try (Store store = TestImages.open(root())) {
      StoredImage image = add(store, null, Compression.GZIP, greeting("hi"));
      store.tag(image, APP);
      store.removeUnnamed(image); // as it was before
      assertThat(store.find("app:1")).isPresent();
      assertThat(blobs()).isEqualTo(3);
      store.untag(image, APP);
      store.removeUnnamed(image);
      assertThat(store.list()).isEmpty();
      assertThat(blobs()).isZero();
    }
  }

  @Test
  void findByNameIdAndDigestGivesTheImage() throws IOException {
    try (Store store = TestImages.open(root())) {
      StoredImage image = add(store, "debian:12", Compression.GZIP, greeting("hi"));

      assertThat(store.find("debian:12")).contains(image);
      assertThat(store.find("docker.io/library/debian:12")).contains(image);
      assertThat(store.find(image.id().toString())).contains(image);
      assertThat(store.find(image.id().hex().substring(0, 6))).contains(image);
      assertThat(store.find(image.descriptor().digest().hex().substring(0, 12))).contains(image);
      assertThat(store.find("debian@" + image.descriptor().digest()))
          .map(StoredImage::descriptor)
          .contains(image.descriptor());
      assertThat(store.find("debian:13")).isEmpty();
      assertThat(store.find("fedora@" + image.descriptor().digest())).isEmpty();
    }
  }

  @Test
  void findWhenSeveralBeginAlikeNamesThem() throws IOException {
    try (Store store = TestImages.open(root())) {
      // Among 4097 images two ids share three digits at the latest; far fewer will do.
      String prefix = null;
      Map<String, StoredImage> seen = new HashMap<>();
      for (int i = 0; prefix == null; i++) {
        StoredImage image = addConfig(store, i);
        String start = image.id().hex().substring(0, 3);
        prefix = seen.put(start, image) == null ? null : start;
      }

      String ambiguous = prefix;
      assertThatThrownBy(() -> store.find(ambiguous))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("ambiguous")
          .hasMessageContaining("sha256:" + prefix);
    }
  }

  private static StoredImage addConfig(Store store, int number) throws IOException {
    var config =
        dev.cooper.oci.ImageConfig.of(dev.cooper.oci.Platform.of("linux", "amd64"))
            .withAuthor("number " + number);
    Descriptor blob = store.put(MediaType.OCI_CONFIG, config.toBytes());
    var manifest = dev.cooper.oci.Manifest.of(MediaType.OCI_MANIFEST, blob, List.of());
    return store.add(store.put(MediaType.OCI_MANIFEST, manifest.toBytes()), null);
  }

  @Test
  void addWhenNameIsTakenLeavesTheOtherImageNameless() throws IOException {
    try (Store store = TestImages.open(root())) {
      StoredImage first = add(store, "app:1", Compression.NONE, greeting("one"));
      StoredImage second = add(store, "app:1", Compression.NONE, greeting("two"));

      assertThat(store.find("app:1")).contains(second);
      assertThat(store.list())
          .extracting(StoredImage::names)
          .containsExactly(List.of(), List.of(APP));
      assertThat(store.find(first.id().hex())).isPresent();
    }
  }

  @Test
  void tagAndUntagChangeNamesOnly() throws IOException {
    try (Store store = TestImages.open(root())) {
      StoredImage image = add(store, null, Compression.NONE, greeting("one"));
      assertThat(image.names()).isEmpty();

      StoredImage tagged = store.tag(store.tag(image, APP), APP.withTag("2"));
      assertThat(tagged.names()).containsExactly(APP.withTag("2"));
      assertThat(store.list().get(0).names()).containsExactly(APP, APP.withTag("2"));
      assertThat(store.list()).hasSize(1);

      store.untag(tagged, APP);
      store.untag(tagged, APP.withTag("2"));
      assertThat(store.list()).containsExactly(image);
    }
  }

  @Test
  void removeLeavesOnlyWhatOthersNeed() throws IOException {
    try (Store store = TestImages.open(root())) {
      byte[] shared = greeting("shared");
      StoredImage one = add(store, "one", Compression.NONE, shared, greeting("one"));
      StoredImage two = add(store, "two", Compression.NONE, shared);
      assertThat(blobs()).isEqualTo(6);

      store.remove(one);

      assertThat(store.list()).containsExactly(two);
      assertThat(blobs()).isEqualTo(3);
      store.remove(two);
      assertThatThrownBy(() -> store.remove(two))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("two:latest")
          .hasMessageContaining("removed");
      assertThat(blobs()).isZero();
    }
  }

  @Test
  void removeWhenAContainerUsesTheImageNamesIt() throws IOException {
    try (Store store = TestImages.open(root())) {
      StoredImage image = add(store, "one", Compression.NONE, greeting("one"));
      try (Containers.Owned container = store.containers().create(image, "workshop")) {
        assertThat(container.name()).isEqualTo("workshop");
        assertThatThrownBy(() -> store.remove(image))
            .isInstanceOf(OperationException.class)
            .hasMessageContaining("workshop");
        container.delete();
      }
      store.remove(image);
      assertThat(store.list()).isEmpty();
      assertThat(root().resolve("containers")).isEmptyDirectory();
    }
  }

  @Test
  void removeKeepsWhatAnotherStoreIsAboutToUse() throws IOException {
    try (Store store = TestImages.open(root());
        Store other = TestImages.open(root())) {
      StoredImage image = add(store, "one", Compression.NONE, greeting("one"));
      Digest layer = image.manifest().layers().get(0).digest();
      assertThat(other.has(layer)).isTrue();

      store.remove(image);

      assertThat(other.blob(layer)).exists();
      assertThat(blobs()).isOne();
    }
    assertThat(blobs()).isZero();
  }

  @Test
  void keepWhenTheBlobIsThereNeverWritesItAgain() throws IOException {
    try (Store store = TestImages.open(root())) {
      Descriptor first = store.put(MediaType.OCI_CONFIG, new byte[] {1, 2, 3});
      Object before = Files.readAttributes(store.blob(first.digest()), "unix:ino").get("ino");

      assertThat(store.put(MediaType.OCI_CONFIG, new byte[] {1, 2, 3})).isEqualTo(first);

      assertThat(Files.readAttributes(store.blob(first.digest()), "unix:ino").get("ino"))
          .isEqualTo(before);
    }
  }

  @Test
  void closeRemovesWhatWasNeverKept() throws IOException {
    try (Store store = TestImages.open(root())) {
      try (StagedBlob staged = store.stage()) {
        staged.output().write(new byte[10]);
      }
      assertThat(store.stage().path()).exists(); // left open on purpose
      store.put(MediaType.OCI_CONFIG, new byte[] {1});
    }
    assertThat(root().resolve("staging")).isEmptyDirectory();
    assertThat(root().resolve("locks").resolve("index")).exists();
    assertThat(blobs()).isZero();
  }

  @Test
  void openWhenAnotherBootLeftATornBlobDropsItsImages() throws IOException {
    byte[] large = greeting("x".repeat(2 << 20));
    StoredImage image;
    try (Store store = TestImages.open(root())) {
      image = add(store, "torn", Compression.NONE, large);
      add(store, "good", Compression.NONE, greeting("good"));
    }
    Path blob = root().resolve("blobs/sha256").resolve(Digest.sha256(large).hex());
    try (var channel =
        java.nio.channels.FileChannel.open(blob, java.nio.file.StandardOpenOption.WRITE)) {
      channel.truncate(4096);
    }
    Path journal = root().resolve("unsynced/another-boot.someone");
    Files.writeString(journal, Digest.sha256(large) + "\nsha256:cut");

    try (Store store = TestImages.open(root())) {
      assertThat(store.find("torn")).isEmpty();
      assertThat(store.find("good")).isPresent();
      assertThat(blob).doesNotExist();
      assertThat(store.blob(image.id())).doesNotExist();
    }
    assertThat(journal).doesNotExist();
  }

  @Test
  void largeBlobsLeaveTheJournalOnceTheyAreSynced() throws Exception {
    try (Store store = TestImages.open(root())) {
      add(store, "large", Compression.NONE, greeting("x".repeat(2 << 20)));
      for (int i = 0; i < 500 && !Directories.list(root().resolve("unsynced")).isEmpty(); i++) {
        Thread.sleep(10);
      }
      assertThat(root().resolve("unsynced")).isEmptyDirectory();
    }
  }

  @Test
  void openRemovesNamelessContainersOfTheDead() throws IOException {
    try (Store store = TestImages.open(root())) {
      Path dead = root().resolve("containers/dead");
      Files.createDirectories(dead.resolve("upper"));
      Files.createFile(store.lockFile("container-dead"));
      Containers.Owned live = store.containers().create(null, null);

      try (Store other = TestImages.open(root())) {
        assertThat(dead).doesNotExist();
        assertThat(live.path()).exists();
        assertThat(other.containers().list()).hasSize(1);
      }
      live.close();
      assertThat(live.path()).doesNotExist();
    }
  }

  @Test
  void namedContainersAreFoundAgainAndOwnedOnce() throws IOException {
    try (Store store = TestImages.open(root());
        Store other = TestImages.open(root())) {
      String id;
      try (Containers.Owned made = store.containers().create(null, "shop")) {
        id = made.id();
        assertThatThrownBy(() -> other.containers().open("shop"))
            .isInstanceOf(OperationException.class)
            .hasMessageContaining("in use");
        assertThatThrownBy(() -> other.containers().create(null, "shop"))
            .isInstanceOf(OperationException.class)
            .hasMessageContaining("exists");
      }
      Containers.Owned again = Objects.requireNonNull(other.containers().open("shop"));
      assertThat(again.id()).isEqualTo(id);
      again.delete();
      assertThat(store.containers().open("shop")).isNull();
    }
  }

  @Test
  void addFromManyThreadsAndTwoStoresLosesNone() throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(4);
    try (Store one = TestImages.open(root());
        Store two = TestImages.open(root())) {
      List<Future<StoredImage>> all =
          IntStream.range(0, 24)
              .mapToObj(
                  i ->
                      pool.submit(
                          () ->
                              add(
                                  i % 2 == 0 ? one : two,
                                  "app:" + i,
                                  Compression.NONE,
                                  greeting("number " + i))))
              .toList();
      for (Future<StoredImage> each : all) {
        each.get();
      }
      assertThat(one.list()).hasSize(24);
    } finally {
      pool.shutdownNow();
    }
  }
}

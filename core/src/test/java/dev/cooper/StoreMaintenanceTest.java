package dev.cooper;

import static dev.cooper.TestImages.add;
import static dev.cooper.TestImages.greeting;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.error.ContainerStateException;
import dev.cooper.maintenance.DiskSpace;
import dev.cooper.maintenance.PruneOptions;
import dev.cooper.maintenance.PruneReport;
import dev.cooper.maintenance.StoreFinding;
import dev.cooper.maintenance.StoreReport;
import dev.cooper.maintenance.StoreUsage;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Index;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.compress.Compression;
import dev.cooper.oci.layout.Validator;
import dev.cooper.store.Blobs;
import dev.cooper.store.Caches;
import dev.cooper.store.Containers;
import dev.cooper.store.StagedBlob;
import dev.cooper.store.Store;
import dev.cooper.store.StoredImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoreMaintenanceTest {
  private static final Instant NOW = Instant.parse("2024-05-01T12:00:00Z");

  @TempDir Path directory;
  private Path root;
  private Cooper cooper;
  private StoreMaintenance maintenance;

  @BeforeEach
  void open() throws IOException {
    root = directory.resolve("store");
    cooper = at(NOW);
    maintenance = cooper.maintenance();
  }

  private Cooper at(Instant now) {
    return Cooper.builder().store(root).clock(Clock.fixed(now, ZoneOffset.UTC)).build();
  }

  @AfterEach
  void close() throws IOException {
    cooper.close();
    assertThat(root.resolve("staging")).isEmptyDirectory();
    assertThat(Validator.validate(root)).isEmpty();
  }

  private StoredImage image(String name, String... layers) throws IOException {
    byte[][] tars = new byte[layers.length][];
    for (int i = 0; i < layers.length; i++) {
      tars[i] = greeting(layers[i]);
    }
    return add(cooper.session().store(), name, Compression.NONE, tars);
  }

  private Path unpacked(StoredImage image) throws IOException {
    return cooper
        .session()
        .trees()
        .unpacked(image, new PlainRuntime(path -> {}), notice -> {})
        .get(0)
        .getParent();
  }

  private List<StoreFinding.Kind> kinds(List<StoreFinding> findings) {
    return findings.stream().map(StoreFinding::kind).toList();
  }

  // --- check and repair

  @Test
  void checkWhenAllIsWellFindsNothingAndReadsAllBlobs() throws IOException {
    StoredImage image = image("app:1", "one", "two");
    unpacked(image);
    try (WorkingContainer container = cooper.from("app:1")) {
      StoreReport report = maintenance.check();
      assertThat(report.findings()).isEmpty();
      assertThat(report.isClean()).isTrue();
      assertThat(report.bytesRead()).isGreaterThan(2 * 2048);
      assertThat(maintenance.quickCheck().bytesRead()).isZero();
      assertThat(container.config()).isNotNull();
    }
  }

  @Test
  void repairWhenABlobIsBrokenTakesItsImagesOutAndNamesThem() throws IOException {
    StoredImage broken = image("broken:1", "shared", "one");
    cooper.session().store().tag(broken, ImageReference.parse("alias:2"));
    image("sound:1", "shared", "two");
    Path blob = cooper.session().store().blob(broken.manifest().layers().get(1).digest());
    byte[] bytes = Files.readAllBytes(blob);
    bytes[700] ^= 1;
    Files.write(blob, bytes);

    assertThat(maintenance.quickCheck().isClean()).isTrue();
    StoreReport report = maintenance.check();
    assertThat(kinds(report.findings()))
        .containsExactly(StoreFinding.Kind.BROKEN_BLOB, StoreFinding.Kind.BROKEN_IMAGE);
    assertThat(report.findings().get(0).path()).isEqualTo(blob);
    assertThat(report.findings().get(1).what()).contains("broken:1, alias:2");
    assertThat(cooper.images()).hasSize(2);

    StoreReport repaired = maintenance.repair();
    assertThat(repaired.findings()).isEmpty();
    assertThat(repaired.repaired()).isEqualTo(report.findings());
    assertThat(cooper.findImage("broken:1")).isEmpty();
    assertThat(cooper.findImage("alias:2")).isEmpty();
    assertThat(cooper.image("sound:1").manifest().layers()).hasSize(2);
    assertThat(maintenance.check().findings()).isEmpty();
    assertThat(image("broken:1", "shared", "one")).isNotNull();
    assertThat(maintenance.check().findings()).isEmpty();
  }

  @Test
  void repairWhenAManifestOrConfigIsBrokenOrMissingTakesTheImageOut() throws IOException {
    StoredImage noManifest = image("a:1", "a");
    StoredImage badManifest = image("b:1", "b");
    StoredImage badConfig = image("c:1", "c");
    StoredImage noLayer = image("d:1", "d");
    image("sound:1", "e");
    Files.delete(cooper.session().store().blob(noManifest.descriptor().digest()));
    Files.writeString(cooper.session().store().blob(badManifest.descriptor().digest()), "{");
    Files.writeString(cooper.session().store().blob(badConfig.id()), "[]");
    Files.delete(cooper.session().store().blob(noLayer.manifest().layers().get(0).digest()));

    StoreReport report = maintenance.quickCheck();
    assertThat(kinds(report.findings())).containsOnly(StoreFinding.Kind.BROKEN_IMAGE).hasSize(4);
    assertThat(maintenance.repair().findings()).isEmpty();
    assertThat(cooper.images()).extracting(Image::names).containsExactly(List.of("sound:1"));
    assertThat(maintenance.check().findings()).isEmpty();
    assertThat(Files.list(root.resolve("blobs/sha256"))).hasSize(3);
  }

  @Test
  void repairWhenAContainerUsesWhatIsBrokenLeavesIt() throws IOException {
    StoredImage image = image("app:1", "one");
    Path tree = unpacked(image);
    Path blob = cooper.session().store().blob(image.manifest().layers().get(0).digest());
    try (WorkingContainer container = cooper.from("app:1")) {
      Files.writeString(blob, "broken");
      Files.delete(tree.resolve("done"));
      StoreReport report = maintenance.repair();
      assertThat(kinds(report.findings()))
          .containsExactlyInAnyOrder(StoreFinding.Kind.BROKEN_BLOB, StoreFinding.Kind.BROKEN_TREE);
      assertThat(report.findings()).allMatch(each -> each.repair().contains("container"));
      assertThat(blob).exists();
      assertThat(tree.resolve("tree/greeting")).exists();
      assertThat(container.config()).isNotNull();
    }
    assertThat(maintenance.repair().findings()).isEmpty();
    assertThat(blob).doesNotExist();
    assertThat(tree).doesNotExist();
    assertThat(cooper.images()).isEmpty();
  }

  @Test
  void repairWhenATreeIsNotWholeDropsItAndItIsUnpackedAgain() throws IOException {
    StoredImage image = image("app:1", "one");
    Path tree = unpacked(image);
    for (String torn : List.of("missing", "damaged", "empty")) {
      switch (torn) {
        case "missing" -> Files.delete(tree.resolve("done"));
        case "damaged" -> Files.writeString(tree.resolve("done"), "\0\0\0");
        default -> Files.move(tree.resolve("tree"), directory.resolve("away"));
      }
      StoreReport report = maintenance.repair();
      assertThat(kinds(report.repaired())).containsExactly(StoreFinding.Kind.BROKEN_TREE);
      assertThat(tree).doesNotExist();
      assertThat(unpacked(image).resolve("tree/greeting")).hasContent("one");
    }
  }

  /** Nobody has to repair a store to build with it. */
  @Test
  void buildWhenATreeIsNotWholeUnpacksItAgain() throws IOException {
    StoredImage image = image("app:1", "one");
    Path tree = unpacked(image);
    Files.write(tree.resolve("done"), new byte[] {(byte) 0xff, (byte) 0xfe});
    assertThat(unpacked(image).resolve("tree/greeting")).hasContent("one");
    Files.move(tree.resolve("tree"), directory.resolve("away"));
    assertThat(unpacked(image).resolve("tree/greeting")).hasContent("one");
    assertThat(maintenance.check().findings()).isEmpty();
  }

  @Test
  void repairWhenWhatIsKnownOfALayerIsDamagedMakesItAnew() throws IOException {
    StoredImage image = image("app:1", "one");
    unpacked(image);
    Digest diffId = image.config().diffIds().get(0);
    Path index = cooper.session().store().layerIndex(diffId);
    Files.writeString(index, "damaged");
    Path packed = root.resolve("layers").resolve(diffId.hex() + ".gzip-6." + "0".repeat(64));
    Files.writeString(packed, "damaged");
    StoreReport report = maintenance.repair();
    assertThat(kinds(report.repaired()))
        .containsExactly(
            StoreFinding.Kind.BROKEN_CACHED_LAYER, StoreFinding.Kind.BROKEN_CACHED_LAYER);
    assertThat(index).doesNotExist();
    assertThat(packed).doesNotExist();
    try (WorkingContainer container = cooper.from("app:1")) {
      container.write("/x", "x").commit("app:2");
    }
    assertThat(maintenance.check().findings()).isEmpty();
  }

  @Test
  void repairWhenTheDeadLeftSomethingRemovesIt() throws IOException {
    Files.createDirectories(root.resolve("staging/dead/blob-1"));
    Files.createDirectories(root.resolve("containers/0123456789abcdef/upper"));
    Path lock = Files.createFile(root.resolve("locks/container-fedcba9876543210"));
    Files.setLastModifiedTime(lock, FileTime.from(Instant.now().minusSeconds(60)));
    Files.writeString(root.resolve(".staging-x"), "half");
    Path unreachable = root.resolve("blobs/sha256/" + Digest.sha256(new byte[1]).hex());
    Files.write(unreachable, new byte[1]);
    Files.createDirectories(root.resolve("layers/" + "a".repeat(64) + "/tree"));
    Files.writeString(root.resolve("blobs/sha256/oci-put-blob17"), "another tool's");

    StoreReport found = maintenance.check();
    assertThat(kinds(found.findings()))
        .contains(
            StoreFinding.Kind.ORPHANED_STAGING,
            StoreFinding.Kind.ORPHANED_CONTAINER,
            StoreFinding.Kind.ORPHANED_LOCK,
            StoreFinding.Kind.UNREACHABLE,
            StoreFinding.Kind.STRAY_FILE);
    StoreReport repaired = maintenance.repair();
    assertThat(kinds(repaired.findings())).containsExactly(StoreFinding.Kind.STRAY_FILE);
    assertThat(unreachable).doesNotExist();
    assertThat(root.resolve("containers")).isEmptyDirectory();
    assertThat(lock).doesNotExist();
    Files.delete(root.resolve("blobs/sha256/oci-put-blob17"));
    assertThat(maintenance.check().findings()).isEmpty();
  }

  @Test
  void checkWhenAnotherStoreIsAtWorkFindsNothing() throws IOException {
    try (Store other = TestImages.open(root);
        Containers.Owned container = other.containers().create(null, null)) {
      try (StagedBlob staged = other.stage()) {
        staged.output().write(1);
        other.put(dev.cooper.oci.MediaType.OCI_CONFIG, "{}".getBytes(StandardCharsets.UTF_8));
        // unpacked in the same pass in which the image comes
        Files.createDirectories(other.layer(Digest.sha256(new byte[9])).resolve("tree"));
        Files.writeString(other.layer(Digest.sha256(new byte[9])).resolve("done"), "synced");
        assertThat(maintenance.check().findings()).isEmpty();
        assertThat(maintenance.repair().repaired()).isEmpty();
      }
      assertThat(container.path()).exists();
    }
    assertThat(maintenance.check().findings()).isEmpty();
  }

  // --- sessions

  @Test
  void addWhenAnotherThreadsImageWithTheSameLayerIsRemovedMeanwhileKeepsTheLayer()
      throws IOException {
    Store store = cooper.session().store();
    try (Blobs.Intake intake = store.intake()) {
      StoredImage first = image("first:1", "same");
      Digest layer = first.manifest().layers().get(0).digest();
      try (Blobs.Intake other = store.intake()) {
        assertThat(store.has(layer)).isTrue();
        image("second:1", "same", "more");
        store.remove(store.find("second:1").orElseThrow());
        store.remove(first);
        assertThat(store.blob(layer)).exists();
        assertThat(other).isNotSameAs(intake);
      }
      assertThat(store.add(image(null, "same").descriptor(), null)).isNotNull();
    }
    store.remove(store.list().get(0));
    assertThat(maintenance.check().findings()).isEmpty();
    assertThat(Files.list(root.resolve("blobs/sha256"))).isEmpty();
  }

  @Test
  void tagWhenTheImageWasRemovedSaysSo() throws IOException {
    StoredImage image = image("app:1");
    Image held = cooper.image("app:1");
    cooper.session().store().remove(image);
    assertThatThrownBy(() -> held.tag("app:2"))
        .isInstanceOf(dev.cooper.oci.OperationException.class)
        .hasMessageContaining("removed");
    assertThat(maintenance.check().findings()).isEmpty();
  }

  // --- usage

  @Test
  void usageTellsSharedFromUniqueAndWhoUsesWhat() throws IOException {
    StoredImage one = image("one:1", "shared", "own".repeat(10_000));
    image("two:1", "shared");
    unpacked(one);
    try (WorkingContainer container = cooper.from("two:1")) {
      StoreUsage usage = maintenance.usage();
      assertThat(usage.images()).hasSize(2);
      StoreUsage.ImageUsage first =
          usage.images().stream().filter(each -> each.names().contains("one:1")).findAny().get();
      assertThat(first.unique().bytes()).isGreaterThan(60_000);
      assertThat(first.shared().bytes()).isBetween(2048L, 20_000L);
      assertThat(first.lastUsed()).isEqualTo(NOW);
      assertThat(first.containers()).isEmpty();
      assertThat(usage.of(StoreUsage.Kind.TREE).bytes()).isGreaterThan(30_000);
      assertThat(usage.of(StoreUsage.Kind.BLOB).bytes()).isGreaterThan(30_000);
      assertThat(usage.parts())
          .filteredOn(part -> part.kind() == StoreUsage.Kind.BLOB)
          .noneMatch(part -> part.usedBy().isEmpty());
      assertThat(
              usage.parts().stream()
                  .map(StoreUsage.Part::space)
                  .reduce(DiskSpace.NONE, DiskSpace::plus))
          .isEqualTo(usage.total());
      assertThat(usage.toString()).contains("image one:1");
      assertThat(container.config()).isNotNull();
    }
  }

  /** An SBOM, as a tool for artifacts puts it into a layout. */
  private Descriptor artifact(String content) throws IOException {
    Descriptor config = put(new MediaType("application/vnd.example.sbom.v1+json"), "{}");
    Descriptor sbom = put(new MediaType("application/spdx+json"), content);
    Manifest manifest = Manifest.of(MediaType.OCI_MANIFEST, config, List.of(sbom));
    return put(MediaType.OCI_MANIFEST, new String(manifest.toBytes(), StandardCharsets.UTF_8));
  }

  /** Several manifests by one name. */
  private void index(String name, Descriptor... manifests) throws IOException {
    byte[] index = Index.of(List.of(manifests)).toBytes();
    Descriptor entry =
        put(MediaType.OCI_INDEX, new String(index, StandardCharsets.UTF_8))
            .withAnnotations(Map.of("org.opencontainers.image.ref.name", name));
    Path file = root.resolve("index.json");
    List<Descriptor> entries = new ArrayList<>(Index.parse(Files.readAllBytes(file)).manifests());
    entries.add(entry);
    Files.write(file, Index.of(entries).toBytes());
  }

  private Descriptor put(MediaType type, String content) throws IOException {
    byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
    Descriptor blob = Descriptor.of(type, bytes);
    Path file = root.resolve("blobs/sha256").resolve(blob.digest().hex());
    Files.createDirectories(file.getParent());
    Files.write(file, bytes);
    return blob;
  }

  @Test
  void artifactsThatAreNoImagesStayAndAreTold() throws IOException {
    image("app:1", "named");
    index("sbom:1", artifact("{\"name\":\"one\"}"), artifact("{\"name\":\"two\"}"));
    image(null, "unnamed");
    assertThat(cooper.images()).hasSize(2);
    assertThat(maintenance.check().findings()).isEmpty();
    assertThat(maintenance.usage().parts())
        .filteredOn(part -> part.usedBy().contains("artifact sbom:1"))
        .hasSize(6); // an index, two manifests and contents, a config of both
    PruneOptions all = PruneOptions.DEFAULT.images(PruneOptions.Images.ALL);
    PruneReport told = maintenance.prune(all.onlyTelling());
    assertThat(maintenance.prune(all)).isEqualTo(told);
    assertThat(told.removed()).hasSize(2);
    assertThat(cooper.images()).isEmpty();
    assertThat(maintenance.check().findings()).isEmpty();
    assertThat(Index.parse(Files.readAllBytes(root.resolve("index.json"))).manifests()).hasSize(1);
    assertThat(maintenance.usage().of(StoreUsage.Kind.BLOB).bytes()).isPositive();
    assertThatThrownBy(() -> cooper.image("sbom:1"))
        .hasMessageContaining(
            "is an artifact of type application/vnd.example.sbom.v1+json, and no image");
  }

  // --- prune

  @Test
  void pruneWhenNothingIsAskedTakesImagesWithoutANameOnly() throws IOException {
    image(null, "unnamed");
    image("app:1", "named");
    PruneReport told = maintenance.prune(PruneOptions.DEFAULT.onlyTelling());
    assertThat(cooper.images()).hasSize(2);
    PruneReport report = maintenance.prune(PruneOptions.DEFAULT);
    assertThat(report.removed())
        .extracting(PruneReport.Pruned::kind)
        .containsExactly(PruneReport.Kind.IMAGE);
    assertThat(report).isEqualTo(told);
    assertThat(report.bytesFreed()).isEqualTo(3 * 4096);
    assertThat(cooper.images()).extracting(Image::names).containsExactly(List.of("app:1"));
  }

  @Test
  void pruneByAgeTakesWhatWasNotUsedForSoLong() throws IOException {
    image("old:1", "old");
    image("used:1", "used");
    Instant later = NOW.plus(Duration.ofDays(40));
    try (Cooper then = at(later)) {
      then.from("used:1").close();
      PruneOptions options =
          PruneOptions.DEFAULT.images(PruneOptions.Images.ALL).unusedFor(Duration.ofDays(30));
      assertThat(then.maintenance().prune(options).removed())
          .containsExactly(new PruneReport.Pruned(PruneReport.Kind.IMAGE, "old:1"));
      assertThat(then.images()).extracting(Image::names).containsExactly(List.of("used:1"));
    }
  }

  @Test
  void pruneBySizeTakesWhatWasUsedLeastRecently() throws IOException {
    for (int i = 0; i < 5; i++) {
      try (Cooper then = at(NOW.plusSeconds(i))) {
        add(
            then.session().store(),
            "app:" + i,
            Compression.NONE,
            greeting((i + "0").repeat(50_000)));
      }
    }
    long total = maintenance.usage().total().onDisk();
    PruneOptions options =
        PruneOptions.DEFAULT.images(PruneOptions.Images.ALL).keepBytes(total - 150_000);
    PruneReport report = maintenance.prune(options);
    assertThat(report.removed())
        .extracting(PruneReport.Pruned::name)
        .containsExactly("app:0", "app:1");
    assertThat(maintenance.usage().total().onDisk()).isLessThanOrEqualTo(total - 150_000);
    assertThat(maintenance.prune(options).removed()).isEmpty();
  }

  @Test
  void pruneLeavesWhatAContainerOrABuildUses() throws IOException {
    StoredImage image = image("app:1", "one");
    Path tree = unpacked(image);
    PruneOptions all =
        PruneOptions.DEFAULT.images(PruneOptions.Images.ALL).andTrees().andCaches().andContainers();
    Path cache;
    try (Store other = TestImages.open(root);
        WorkingContainer container = cooper.from("app:1").name("open");
        Caches.Uses uses = new Caches.Uses(other)) {
      cache = uses.directory("maven");
      assertThat(other.has(image.id())).isTrue();
      assertThat(maintenance.prune(all).removed()).isEmpty();
      assertThat(tree).exists();
      assertThat(cache).exists();
      assertThat(maintenance.check().findings()).isEmpty();
      assertThat(container.config()).isNotNull();
    }
    assertThat(maintenance.prune(PruneOptions.DEFAULT.images(PruneOptions.Images.ALL)).removed())
        .isEmpty();
    assertThat(maintenance.prune(all).removed())
        .containsExactlyInAnyOrder(
            new PruneReport.Pruned(PruneReport.Kind.IMAGE, "app:1"),
            new PruneReport.Pruned(PruneReport.Kind.TREE, tree.getFileName().toString()),
            new PruneReport.Pruned(PruneReport.Kind.CACHE, "maven"),
            new PruneReport.Pruned(PruneReport.Kind.CONTAINER, "open"));
    assertThat(cache).doesNotExist();
    assertThat(cooper.containers()).isEmpty();
    assertThat(maintenance.prune(all).removed()).isEmpty();
    assertThat(cooper.images()).isEmpty();
    assertThat(tree).doesNotExist();
    assertThat(maintenance.check().findings()).isEmpty();
  }

  @Test
  void imageWhenCooperIsClosedSaysSo() throws IOException {
    image("app:1", "one");
    Image held = cooper.image("app:1");
    cooper.close();
    for (Runnable each :
        List.<Runnable>of(() -> held.tag("app:2"), () -> held.untag("app:1"), held::remove)) {
      assertThatThrownBy(each::run)
          .isInstanceOf(ContainerStateException.class)
          .hasMessageContaining("closed");
    }
  }

  @Test
  void maintenanceWhenClosedSaysSo() {
    cooper.close();
    assertThatThrownBy(maintenance::check).isInstanceOf(ContainerStateException.class);
    assertThatThrownBy(maintenance::usage).isInstanceOf(ContainerStateException.class);
    assertThatThrownBy(() -> maintenance.prune(PruneOptions.DEFAULT))
        .isInstanceOf(ContainerStateException.class);
  }
}

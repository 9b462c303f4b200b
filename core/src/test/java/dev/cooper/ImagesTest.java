package dev.cooper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.error.ImageNotFoundException;
import dev.cooper.event.BuildEvent;
import dev.cooper.image.CopyImageOptions;
import dev.cooper.image.PullOptions;
import dev.cooper.image.PullPolicy;
import dev.cooper.image.PushOptions;
import dev.cooper.image.SaveOptions;
import dev.cooper.io.Directories;
import dev.cooper.maintenance.PruneOptions;
import dev.cooper.maintenance.StoreReport;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.CooperException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Index;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.Platform;
import dev.cooper.oci.layout.Validator;
import dev.cooper.oci.registry.CredentialsProvider;
import dev.cooper.oci.registry.RegistriesConf;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What images are called, for which platforms, and whose a name is.
 *
 * <p>Images are committed from nothing, which needs no runtime.
 */
class ImagesTest {
  private static final Instant NOW = Instant.ofEpochSecond(1_700_000_000L);
  private static final Platform HERE = Platform.current();
  private static final Platform OTHER =
      Platform.parse(HERE.architecture().equals("arm64") ? "linux/amd64" : "linux/arm64");

  @TempDir Path directory;
  private final List<String> notices = new ArrayList<>();
  private Cooper cooper;

  @BeforeEach
  void open() {
    cooper = open(directory.resolve("store"));
  }

  private Cooper open(Path store) {
    return Cooper.builder()
        .store(store)
        .clock(Clock.fixed(NOW, ZoneOffset.UTC))
        .registries(RegistriesConf.EMPTY)
        .credentials(CredentialsProvider.NONE)
        .pullPolicy(PullPolicy.NEVER)
        .listener(
            event -> {
              if (event instanceof BuildEvent.Notice notice) {
                notices.add(notice.message());
              }
            })
        .build();
  }

  @AfterEach
  void closeAndLookAtTheStore() throws IOException {
    StoreReport report = cooper.maintenance().check();
    cooper.close();
    assertThat(report.findings()).isEmpty();
    assertThat(Validator.validate(directory.resolve("store"))).isEmpty();
  }

  private Image commit(Platform platform, String content, String... names) {
    return commit(cooper, platform, content, names);
  }

  private static Image commit(Cooper in, Platform platform, String content, String... names) {
    try (WorkingContainer c = in.from("scratch", platform)) {
      return c.write("/content", content).commit(o -> o.reproducible(NOW), names);
    }
  }

  private List<Descriptor> entries(String name) throws IOException {
    return index(cooper).manifests().stream()
        .filter(each -> name.equals(each.annotations().get("org.opencontainers.image.ref.name")))
        .toList();
  }

  private static Index index(Cooper of) throws IOException {
    return of.session().store().images().index();
  }

  // --- whose a name is

  @Test
  void namesAreThoseOfTheCallAndNotOfOthers() {
    Image one = commit(HERE, "same", "team-a/secret:1");
    Image two = commit(HERE, "same", "two:1", "two:latest");
    assertThat(two.digest()).isEqualTo(one.digest());
    assertThat(one.names()).containsExactly("team-a/secret:1");
    assertThat(two.names()).containsExactly("two:1", "two:latest");
    assertThat(commit(HERE, "same").names()).isEmpty();
    assertThat(cooper.image("two:1").names()).containsExactly("two:1");
    assertThat(cooper.pull("two:1").names()).containsExactly("two:1");
    assertThat(cooper.image("two:1").tag("three:1").names()).containsExactly("three:1");
    assertThat(cooper.image("two")).hasToString("Image[two:latest]");
    assertThat(cooper.image(one.id().toString()).names())
        .containsExactlyInAnyOrder("team-a/secret:1", "two:1", "two:latest", "three:1");
    assertThat(cooper.images()).hasSize(1);
    assertThat(cooper.images().get(0).names()).hasSize(4);
  }

  @Test
  void pushWithoutOneNameSaysHowElse() {
    Image two = commit(HERE, "x", "one:1", "two:1");
    assertThatThrownBy(two::push)
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("one:1, two:1")
        .hasMessageContaining("push(reference)");
    assertThatThrownBy(commit(HERE, "y")::push)
        .hasMessageContaining("has no name")
        .hasMessageContaining("push(reference)");
  }

  @Test
  void saveOfNoImagesIsRefused() {
    Path archive = directory.resolve("archive");
    assertThatThrownBy(() -> cooper.save(List.of(), archive, SaveOptions.ociArchive()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("cannot save to " + archive + ": found no images, expected one or more");
    assertThat(archive).doesNotExist();
  }

  @Test
  void untagOfAnotherImagesNameSaysWhoseItIs() {
    Image old = commit(HERE, "old", "app:1", "app:old");
    Image now = commit(HERE, "new", "app:1");
    assertThatThrownBy(() -> old.untag("app:1"))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("cannot untag app:1")
        .hasMessageContaining(now.id().toString())
        .hasMessageContaining("app:old");
    assertThat(cooper.image("app:1").id()).isEqualTo(now.id());
    assertThatThrownBy(() -> old.untag("nobodys:1")).hasMessageContaining("no image has it");
    old.untag("app:old");
    assertThatThrownBy(() -> old.untag("app:old")).hasMessageContaining("this image has no name");
    old.remove();
    assertThatThrownBy(() -> old.untag("app:old")).hasMessageContaining("removed");
    assertThat(cooper.images()).hasSize(1);
  }

  @Test
  void removeTwiceSaysThatItIsGone() {
    Image image = commit(HERE, "x", "app:1");
    Image again = cooper.image("app:1");
    image.remove();
    for (Image each : List.of(image, again)) {
      assertThatThrownBy(each::remove)
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("cannot remove image app:1")
          .hasMessageContaining("removed");
    }
    assertThatThrownBy(image::repoDigests).hasMessageContaining("was removed");
    assertThatThrownBy(() -> image.tag("b:1")).hasMessageContaining("was removed");
    assertThatThrownBy(image::container).hasMessageContaining("was removed");
  }

  @Test
  void imageOfAnotherStoreIsRefusedByName() {
    Path elsewhere = directory.resolve("elsewhere");
    try (Cooper other = open(elsewhere)) {
      Image image = commit(other, HERE, "x", "app:1");
      Path saved = directory.resolve("saved.tar");
      for (Runnable each :
          List.<Runnable>of(
              () -> cooper.from(image),
              () -> cooper.save(List.of(image), saved, SaveOptions.ociArchive()),
              () -> cooper.pushIndex(List.of(image), "r.test/x:1", PushOptions.DEFAULT))) {
        assertThatThrownBy(each::run)
            .isInstanceOf(OperationException.class)
            .hasMessageContaining(elsewhere.toString())
            .hasMessageContaining(directory.resolve("store").toString())
            .hasMessageNotContaining("removed");
      }
      try (Cooper same = open(elsewhere)) {
        same.from(image).close();
      }
    }
  }

  // --- names with digests

  @Test
  void nameWithAnotherDigestIsRefusedWhereverItIsGiven() throws IOException {
    Image image = commit(HERE, "x", "app:1");
    String other = "debian@sha256:" + "a".repeat(64);
    Path archive = directory.resolve("a.tar");
    image.save(archive);
    for (Runnable each :
        List.<Runnable>of(
            () -> commit(HERE, "x", "good:1", other),
            () -> commit(HERE, "x", "debian:12@sha256:" + "a".repeat(64)),
            () -> image.tag(other),
            () -> cooper.copy("app:1", other, CopyImageOptions.DEFAULT),
            () -> cooper.copy("oci-archive:" + archive, other, CopyImageOptions.DEFAULT))) {
      assertThatThrownBy(each::run)
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("the image's own");
    }
    assertThatThrownBy(() -> cooper.image("good:1")).isInstanceOf(ImageNotFoundException.class);
    for (String id : List.of("sha256:" + "a".repeat(64), "sha256:abcdef", "sha512:1")) {
      assertThatThrownBy(() -> image.tag(id))
          .isInstanceOf(ContentException.class)
          .hasMessageContaining("how an id is written");
    }
    Image pinned = image.tag("other/x@" + image.digest());
    assertThat(pinned.names()).containsExactly("other/x@" + image.digest());
    assertThat(cooper.image("other/x:any@" + image.digest()).id()).isEqualTo(image.id());
    assertThat(cooper.image(image.id().toString()).names()).hasSize(2);
    pinned.untag("other/x@" + image.digest());
    assertThat(index(cooper).manifests()).hasSize(1);
  }

  /** As another tool, or an older version, may have written it. */
  @Test
  void nameOfTheIndexWithAnotherDigestDoesNotCount() throws IOException {
    Image image = commit(HERE, "x", "app:1");
    Path json = directory.resolve("store/index.json");
    String other = "debian@sha256:" + "a".repeat(64);
    Files.writeString(
        json,
        Files.readString(json)
            .replaceAll("\"io.containerd.image.name\":\"[^\"]*\",", "")
            .replace("docker.io/library/app:1", "docker.io/library/" + other));
    assertThatThrownBy(() -> cooper.image(other)).isInstanceOf(ImageNotFoundException.class);
    assertThat(cooper.images().get(0).names()).isEmpty();
    image.remove();
    assertThat(cooper.images()).isEmpty();
  }

  @Test
  void fullIdBeatsANameAndAShortOneIsAmbiguous() throws IOException {
    Image image = commit(HERE, "x", "app:1");
    String hex = image.id().hex();
    Image short12 = commit(HERE, "y", hex.substring(0, 12));
    assertThatThrownBy(() -> cooper.image(hex.substring(0, 12)))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("ambiguous");
    assertThat(cooper.image(hex.substring(0, 13)).id()).isEqualTo(image.id());
    assertThat(cooper.image(hex.substring(0, 12) + ":latest").id()).isEqualTo(short12.id());
    // Another tool's name that is how an id is written.
    Path json = directory.resolve("store/index.json");
    Files.writeString(
        json, Files.readString(json).replace(hex.substring(0, 12) + ":latest", "sha256:" + hex));
    assertThat(cooper.image("sha256:" + hex).id()).isEqualTo(image.id());
    assertThat(cooper.image(hex).id()).isEqualTo(image.id());
    assertThat(cooper.image("sha256:" + hex.substring(0, 8)).id()).isEqualTo(image.id());
  }

  // --- platforms

  @Test
  void nameStandsForSeveralPlatforms() throws IOException {
    Image here = commit(HERE, "here", "app:1");
    Image there = commit(OTHER, "there", "app:1");
    assertThat(there.platform()).isEqualTo(OTHER);
    assertThat(cooper.image("app:1").id()).isEqualTo(here.id());
    assertThat(cooper.image("app:1", HERE).id()).isEqualTo(here.id());
    assertThat(cooper.image("app:1", OTHER).id()).isEqualTo(there.id());
    assertThat(cooper.image("app:1", OTHER).names()).containsExactly("app:1");
    assertThat(cooper.images()).hasSize(2).allMatch(each -> each.names().equals(List.of("app:1")));
    assertThat(entries("docker.io/library/app:1"))
        .singleElement()
        .matches(each -> each.mediaType().isIndex());
    try (WorkingContainer c = cooper.from("app:1", OTHER)) {
      assertThat(c.commit().platform()).isEqualTo(OTHER);
    }
    assertThatThrownBy(() -> cooper.image("app:1", Platform.parse("linux/s390x")))
        .isInstanceOf(ImageNotFoundException.class)
        .hasMessageContaining(HERE.toString())
        .hasMessageContaining(OTHER.toString());
  }

  @Test
  void commitOfOnePlatformReplacesOnlyThat() throws IOException {
    Image here = commit(HERE, "here", "app:1");
    commit(OTHER, "there", "app:1");
    Image newer = commit(OTHER, "newer", "app:1");
    assertThat(cooper.image("app:1").id()).isEqualTo(here.id());
    assertThat(cooper.image("app:1", OTHER).id()).isEqualTo(newer.id());
    assertThat(cooper.images()).hasSize(3);
    Image moved = commit(HERE, "moved", "app:1");
    assertThat(cooper.image("app:1").id()).isEqualTo(moved.id());
    assertThat(cooper.image("app:1", OTHER).id()).isEqualTo(newer.id());
  }

  @Test
  void tagUntagAndRemoveOfOnePlatformLeaveTheOther() throws IOException {
    Image here = commit(HERE, "here", "app:1");
    Image there = commit(OTHER, "there", "app:1");
    Image third = commit(Platform.parse("linux/s390x"), "third", "app:1");
    there.tag("app:2");
    here.tag("app:2");
    assertThat(cooper.image("app:2", OTHER).id()).isEqualTo(there.id());
    there.untag("app:2");
    assertThatThrownBy(() -> cooper.image("app:2", OTHER))
        .isInstanceOf(ImageNotFoundException.class);
    assertThat(entries("docker.io/library/app:2"))
        .singleElement()
        .matches(each -> each.digest().equals(here.digest()));
    there.remove();
    assertThat(cooper.image("app:1").id()).isEqualTo(here.id());
    assertThat(cooper.image("app:1", third.platform()).id()).isEqualTo(third.id());
    third.remove();
    assertThat(entries("docker.io/library/app:1"))
        .singleElement()
        .matches(each -> each.digest().equals(here.digest()));
    here.remove();
    assertThat(cooper.images()).isEmpty();
    assertThat(Directories.list(directory.resolve("store/blobs/sha256"))).isEmpty();
  }

  @Test
  void lookUpOfAnotherPlatformAloneSaysWhichIsThere() {
    Image there = commit(OTHER, "there", "app:1");
    for (Runnable each :
        List.<Runnable>of(
            () -> cooper.image("app:1"),
            () -> cooper.from("app:1"),
            () -> cooper.pull("app:1"),
            () -> cooper.copy("app:1", "other:1", CopyImageOptions.DEFAULT))) {
      assertThatThrownBy(each::run)
          .isInstanceOf(ImageNotFoundException.class)
          .hasMessageContaining("is in the store")
          .hasMessageContaining("for " + OTHER + ", and not for " + HERE)
          .hasMessageContaining("Platform.parse(\"" + OTHER + "\")");
    }
    assertThat(cooper.findImage("app:1")).isEmpty();
    assertThat(cooper.pull("app:1", PullOptions.DEFAULT.platform(OTHER.toString())).id())
        .isEqualTo(there.id());
    assertThat(cooper.image(there.id().hex().substring(0, 20)).id()).isEqualTo(there.id());
    assertThat(cooper.image("app@" + there.digest()).id()).isEqualTo(there.id());
    cooper.copy("app:1", "b:1", CopyImageOptions.DEFAULT.platform(OTHER.toString()));
    assertThat(cooper.image("b:1", OTHER).id()).isEqualTo(there.id());
  }

  @Test
  void variantsOfAnArchitectureAreSeveralPlatformsAndFallBack() {
    Image six = commit(Platform.parse("linux/arm/v6"), "six", "app:1");
    Image seven = commit(Platform.parse("linux/arm/v7"), "seven", "app:1");
    assertThat(cooper.image("app:1", Platform.parse("linux/arm")).id()).isEqualTo(seven.id());
    assertThat(cooper.image("app:1", Platform.parse("linux/arm/v8")).id()).isEqualTo(seven.id());
    assertThat(cooper.image("app:1", Platform.parse("linux/arm/v6")).id()).isEqualTo(six.id());
    Image again = commit(Platform.parse("linux/arm"), "again", "app:1");
    assertThat(cooper.image("app:1", Platform.parse("linux/arm/v7")).id()).isEqualTo(again.id());
    assertThat(cooper.image("app:1", Platform.parse("linux/arm/v6")).id()).isEqualTo(six.id());
    Image arm64 = commit(Platform.parse("linux/arm64"), "64", "app:1");
    Image v8 = commit(Platform.parse("linux/arm64/v8"), "64/v8", "app:1");
    assertThat(cooper.image("app:1", Platform.parse("linux/arm64")).id()).isEqualTo(v8.id());
    assertThat(cooper.image(arm64.id().toString()).names()).isEmpty();
  }

  @Test
  void platformsCommittedAtOnceByThreadsAndStoresAllStay() throws Exception {
    List<Platform> platforms =
        List.of(HERE, OTHER, Platform.parse("linux/s390x"), Platform.parse("linux/riscv64"));
    ExecutorService pool = Executors.newFixedThreadPool(platforms.size());
    try (Cooper second = open(directory.resolve("store"))) {
      for (int round = 0; round < 8; round++) {
        String name = "app:" + round;
        List<Callable<Image>> all = new ArrayList<>();
        for (int i = 0; i < platforms.size(); i++) {
          Platform platform = platforms.get(i);
          Cooper by = i % 2 == 0 ? cooper : second;
          all.add(() -> commit(by, platform, "x" + platform, name));
        }
        for (Future<Image> each : pool.invokeAll(all)) {
          Image image = each.get();
          assertThat(cooper.image(name, image.platform()).id()).isEqualTo(image.id());
        }
      }
    } finally {
      pool.shutdownNow();
    }
    assertThat(cooper.images()).hasSize(platforms.size());
  }

  @Test
  void maintenanceCountsAndKeepsEveryPlatform() throws IOException {
    Image here = commit(HERE, "here", "app:1");
    Image there = commit(OTHER, "there", "app:1");
    assertThat(cooper.maintenance().usage().images())
        .hasSize(2)
        .allMatch(each -> each.names().equals(List.of("app:1")));
    cooper.maintenance().prune(PruneOptions.DEFAULT);
    assertThat(cooper.images()).hasSize(2);
    // One platform's image is broken: the other one stays.
    Path layer = cooper.session().store().blob(there.manifest().layers().get(0).digest());
    Files.write(layer, new byte[] {1});
    assertThat(cooper.maintenance().repair().findings()).isEmpty();
    assertThat(cooper.images()).singleElement().matches(each -> each.id().equals(here.id()));
    assertThat(cooper.image("app:1").id()).isEqualTo(here.id());
    assertThat(entries("docker.io/library/app:1")).hasSize(1);
    // The index that lists them is broken: they stay, without the name.
    Image again = commit(OTHER, "there", "app:1");
    Descriptor index = entries("docker.io/library/app:1").get(0);
    Files.write(cooper.session().store().blob(index.digest()), new byte[] {1});
    cooper.close();
    open();
    assertThat(cooper.maintenance().repair().findings()).isEmpty();
    assertThat(cooper.images()).extracting(Image::id).contains(here.id(), again.id());
  }

  /** An index that another tool has put there, with a platform that is not. */
  @Test
  void indexOfAnotherToolIsANameOfItsPlatforms() throws IOException {
    Image here = commit(HERE, "here");
    Image there = commit(OTHER, "there");
    Path store = directory.resolve("store");
    byte[] index =
        Index.of(
                List.of(
                    here.stored().descriptor(),
                    there.stored().descriptor(),
                    Descriptor.of(here.stored().descriptor().mediaType(), new byte[] {1})
                        .withPlatform(Platform.parse("linux/s390x"))))
            .toBytes();
    Descriptor named =
        Descriptor.of(dev.cooper.oci.MediaType.OCI_INDEX, index)
            .withAnnotation("org.opencontainers.image.ref.name", "docker.io/library/theirs:1");
    Files.write(store.resolve("blobs/sha256").resolve(named.digest().hex()), index);
    Files.write(store.resolve("index.json"), Index.of(List.of(named)).toBytes());
    assertThat(cooper.image("theirs:1").id()).isEqualTo(here.id());
    assertThat(cooper.image("theirs:1", OTHER).id()).isEqualTo(there.id());
    assertThat(cooper.images()).hasSize(2);
    cooper.image("theirs:1").untag("theirs:1");
    assertThat(cooper.image("theirs:1", OTHER).id()).isEqualTo(there.id());
    assertThat(cooper.images()).hasSize(2);
    cooper.image("theirs:1", OTHER).remove();
    assertThat(cooper.images()).singleElement().matches(each -> each.id().equals(here.id()));
    Files.deleteIfExists(store.resolve("blobs/sha256").resolve(named.digest().hex()));
  }

  // --- what a container alone needs

  private Path rootfs() throws IOException {
    return Files.write(directory.resolve("root.tar"), TestImages.greeting("hello"));
  }

  private long blobs() throws IOException {
    return Directories.list(directory.resolve("store/blobs/sha256")).size();
  }

  @Test
  void fromAFileLeavesNoImageOnceItsContainerIsClosed() throws IOException {
    Path tar = rootfs();
    Path tree = Files.createDirectory(directory.resolve("tree"));
    Files.writeString(tree.resolve("f"), "f");
    Path archive = directory.resolve("app.tar");
    Image image = commit(HERE, "x", "app:1");
    image.save(archive);
    image.save(directory.resolve("layout"), SaveOptions.ociLayout());
    image.remove();
    for (String place :
        List.of(
            "rootfs:" + tar,
            "rootfs:" + tree,
            "oci-archive:" + archive,
            "oci:" + directory.resolve("layout"))) {
      try (WorkingContainer c = cooper.from(place)) {
        assertThat(c.config()).as(place).isNotNull();
        assertThat(cooper.images()).as(place).isEmpty();
        assertThat(blobs()).as(place).isPositive();
      }
      assertThat(blobs()).as(place).isZero();
    }
    for (Path path : List.of(tar, tree, archive, directory.resolve("layout"))) {
      WorkingContainer c = cooper.from(path);
      WorkingContainer second = cooper.from(path);
      long once = blobs();
      c.remove();
      assertThat(blobs()).as("%s", path).isEqualTo(once); // the second needs them
      assertThat(second.config()).isNotNull();
      second.close();
      assertThat(blobs()).as("%s", path).isZero();
    }
    assertThat(Directories.list(directory.resolve("store/layers"))).isEmpty();
  }

  @Test
  void fromAFileTwiceIsOneImageWhateverTheTime() throws IOException {
    Path tar = rootfs();
    try (WorkingContainer first = cooper.from(tar)) {
      long once = blobs();
      try (Cooper later =
              Cooper.builder()
                  .store(directory.resolve("store"))
                  .clock(Clock.fixed(NOW.plusSeconds(99), ZoneOffset.UTC))
                  .build();
          WorkingContainer second = later.from(tar)) {
        assertThat(blobs()).isEqualTo(once);
        assertThat(second.config()).isEqualTo(first.config());
      }
      assertThat(blobs()).isEqualTo(once);
    }
    assertThat(blobs()).isZero();
  }

  @Test
  void fromAFileKeepsWhatACommitOrAnImageNeeds() throws IOException {
    Path tar = rootfs();
    Image built;
    try (WorkingContainer c = cooper.from(tar)) {
      built = c.write("/more", "more").commit("built:1");
    }
    assertThat(cooper.images()).singleElement().matches(each -> each.id().equals(built.id()));
    try (WorkingContainer c = cooper.from("built:1")) {
      assertThat(c.commit().manifest().layers()).hasSize(2);
    }
    Image kept = cooper.importRoot(tar);
    cooper.from(tar).close();
    assertThat(cooper.image(kept.id().toString()).id()).isEqualTo(kept.id());
    built.remove();
    kept.remove();
    assertThat(cooper.images()).isEmpty();
    assertThat(blobs()).isZero();
  }

  @Test
  void namedContainerKeepsItsFileUntilItIsRemoved() throws IOException {
    Path tar = rootfs();
    try (WorkingContainer c = cooper.from(tar)) {
      c.name("shop").write("/more", "more");
    }
    assertThat(cooper.images()).isEmpty();
    assertThat(blobs()).isPositive();
    assertThat(cooper.maintenance().check().findings()).isEmpty();
    cooper.maintenance().prune(PruneOptions.DEFAULT.images(PruneOptions.Images.ALL));
    cooper.close();
    open();
    try (WorkingContainer c = cooper.container("shop")) {
      Image image = c.commit("built:1");
      assertThat(image.manifest().layers()).hasSize(2);
      image.remove();
    }
    cooper.container("shop").remove();
    assertThat(blobs()).isZero();
  }

  @Test
  void crashedContainersTakeTheirFileAlong() throws IOException {
    Path tar = rootfs();
    try (WorkingContainer c = cooper.from(tar)) {
      // What a killed JVM leaves: the container's directory, and a lock that nobody holds.
      Path mine = Directories.list(directory.resolve("store/containers")).get(0);
      Path dead = directory.resolve("store/containers/dead");
      Files.createDirectory(dead);
      for (String each : List.of("image", "held")) {
        Files.copy(mine.resolve(each), dead.resolve(each));
      }
      Files.createFile(directory.resolve("store/locks/container-dead"));
      assertThat(c.config()).isNotNull();
    }
    assertThat(blobs()).isPositive();
    cooper.close();
    open();
    assertThat(blobs()).isZero();
  }

  @Test
  void beginningThatFailsLeavesNothing() throws IOException {
    Path broken = directory.resolve("broken.tar");
    Files.writeString(broken, "no tar at all");
    for (String place : List.of("rootfs:" + broken, "oci-archive:" + broken)) {
      assertThatThrownBy(() -> cooper.from(place)).isInstanceOf(CooperException.class);
    }
    assertThat(blobs()).isZero();
    assertThat(new String(Files.readAllBytes(broken), StandardCharsets.UTF_8)).isNotEmpty();
  }
}

package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.Cooper;
import dev.cooper.Image;
import dev.cooper.maintenance.PruneOptions;
import dev.cooper.maintenance.PruneReport;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layout.DurableFiles;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A store on a small file system that is full, or nearly: an ext4 in a file, and a tmpfs; and one
 * whose quota is used up, on a btrfs.
 *
 * <pre>
 * temp/
 *   disk       24 MiB
 *   mounted/   store and filler
 *   layout, saved.tar
 * </pre>
 */
class FullDiskIT {
  private static final int SIZE = 24 << 20;

  private Path temp;
  private Path mounted;
  private Path store;
  private Path layout;

  private void mount(String type) throws Exception {
    Tools.requireRoot("only root can mount a small file system");
    Tools.require("mkfs.ext4", "mount", "busybox");
    temp = Files.createTempDirectory("cooper-full-").toRealPath();
    layout = FaultScenario.layout(temp);
    mounted = Files.createDirectory(temp.resolve("mounted"));
    if (type.equals("tmpfs")) {
      Tools.run("mount", "-t", "tmpfs", "-o", "size=" + SIZE, "tmpfs", mounted.toString());
    } else if (type.equals("btrfs")) {
      FileSystems.mount(type, "mkfs.btrfs -q -f", mounted);
    } else {
      Path disk = temp.resolve("disk");
      Tools.run("truncate", "-s", String.valueOf(SIZE), disk.toString());
      // Without room for root alone, and without the kernel's own growth afterwards.
      Tools.run("mkfs.ext4", "-q", "-m", "0", "-E", "lazy_itable_init=0", disk.toString());
      Tools.run("mount", "-o", "loop", disk.toString(), mounted.toString());
    }
    store = mounted.resolve("store");
  }

  @AfterEach
  void unmount() throws Exception {
    if (mounted != null) {
      Tools.run("umount", mounted.toString());
    }
    if (temp != null) {
      DurableFiles.deleteTree(temp);
    }
  }

  /** Leaves so many bytes free. */
  private void fill(long free) throws IOException {
    try (OutputStream out = Files.newOutputStream(mounted.resolve("filler"))) {
      byte[] chunk = new byte[4096];
      for (long left = usable(); left > free; left = usable()) {
        out.write(new byte[(int) Math.max(chunk.length, (left - free) / 2)]);
      }
      if (free == 0) {
        while (true) {
          out.write(chunk);
        }
      }
    } catch (IOException full) {
      assertThat(free).as("%s", full).isZero();
    }
  }

  private long usable() throws IOException {
    return Files.getFileStore(mounted).getUsableSpace();
  }

  private Cooper open() {
    return FaultScenario.builder(store).build();
  }

  @ParameterizedTest
  @ValueSource(strings = {"ext4", "tmpfs"})
  void buildWhenTheDiskFillsUpSaysSoAndSucceedsOnceThereIsRoom(String type) throws Exception {
    mount(type);
    String expected;
    try (Cooper cooper = open()) {
      expected = FaultScenario.build(cooper, layout, temp.resolve("saved.tar"));
      cooper.images().forEach(Image::remove);
    }
    for (int free = 0; free < 3600; free += 1150) {
      fill(free * 1024L);
      try (Cooper cooper = open()) {
        assertThatThrownBy(
                () -> FaultScenario.build(cooper, layout, temp.resolve("saved-never.tar")))
            .as("with %d KiB", free)
            .isInstanceOf(OperationException.class)
            .hasMessageMatching("(?s).*(No space left on device|ENOSPC).*")
            .hasMessageContaining("/");
        assertThat(cooper.maintenance().check().findings()).as("with %d KiB", free).isEmpty();
        cooper.images().forEach(Image::remove);
      }
      assertThat(EndToEnd.names(store.resolve("staging"))).isEmpty();
      assertThat(EndToEnd.names(store.resolve("containers"))).isEmpty();
      assertThat(EndToEnd.names(store.resolve("blobs/sha256"))).isEmpty();
      assertThat(EndToEnd.names(store.resolve("layers"))).isEmpty();
      Files.delete(mounted.resolve("filler"));
    }
    try (Cooper cooper = open()) {
      assertThat(FaultScenario.build(cooper, layout, temp.resolve("again.tar")))
          .isEqualTo(expected);
      cooper.images().forEach(Image::remove);
    }
  }

  /** Makes empty files until there is no inode for one more. */
  private void takeInodes() throws IOException {
    Path fillers = Files.createDirectories(mounted.resolve("fillers"));
    assertThatThrownBy(
            () -> {
              while (true) {
                Files.createTempFile(fillers, "filler", "");
              }
            })
        .isInstanceOf(IOException.class)
        .hasMessageContaining("No space left on device");
  }

  @Test
  void openRemoveAndPruneWhenNoInodeIsFreeFreeSome() throws Exception {
    mount("ext4");
    try (Cooper cooper = open()) {
      FaultScenario.build(cooper, layout, temp.resolve("saved.tar"));
      cooper.image("built:1").tag("again:1").tag("again:2");
    }
    Files.createDirectory(store.resolve("staging/of-a-dead-jvm"));
    takeInodes();
    try (Cooper cooper = open()) {
      assertThat(cooper.images()).isNotEmpty();
    }
    takeInodes();
    try (Cooper cooper = open()) {
      cooper.image("again:2").untag("again:2");
      takeInodes();
      cooper.image("again:1").remove();
    }
    try (Cooper cooper = open()) {
      takeInodes();
      assertThat(cooper.maintenance().prune(PruneOptions.DEFAULT.images(PruneOptions.Images.ALL)))
          .isNotNull();
      assertThat(cooper.images()).isEmpty();
      assertThat(cooper.maintenance().check().findings()).isEmpty();
    }
  }

  @Test
  void openWhenTheReserveOfInodesIsGoneTakesThoseOfIndexes() throws Exception {
    mount("ext4");
    try (Cooper cooper = open()) {
      for (String each : List.of("a", "b", "c", "d", "e", "f")) {
        byte[] tar = Tars.of(out -> Tars.file(out, each, 0644, each));
        cooper.importRoot(Files.write(temp.resolve(each + ".tar"), tar));
      }
    }
    for (String each : EndToEnd.names(store.resolve("spare"))) {
      Files.delete(store.resolve("spare").resolve(each));
    }
    Files.delete(store.resolve("reserve"));
    takeInodes();
    try (Cooper cooper = open()) {
      cooper.maintenance().prune(PruneOptions.DEFAULT.images(PruneOptions.Images.ALL));
      assertThat(cooper.images()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"ext4", "tmpfs"})
  void pruneWhenTheDiskIsFullFreesIt(String type) throws Exception {
    mount(type);
    try (Cooper cooper = open()) {
      FaultScenario.build(cooper, layout, temp.resolve("saved.tar"));
      cooper.image("built:1").tag("again:1").tag("again:2");
    }
    fill(0);
    assertThatThrownBy(() -> Files.write(mounted.resolve("one"), new byte[4096]))
        .isInstanceOf(IOException.class);
    Files.deleteIfExists(mounted.resolve("one"));
    try (Cooper cooper = open()) {
      Image image = cooper.image("built:1");
      image.untag("again:2");
      cooper.image("base:1").remove();
      fill(0);
      PruneReport report =
          cooper.maintenance().prune(PruneOptions.DEFAULT.images(PruneOptions.Images.ALL));
      assertThat(report.removed()).hasSize(1);
      assertThat(cooper.images()).isEmpty();
      assertThat(cooper.maintenance().check().findings()).isEmpty();
    }
    assertThat(Files.getFileStore(mounted).getUsableSpace()).isGreaterThan(1 << 20);
    Files.delete(mounted.resolve("filler"));
    try (Cooper cooper = open()) {
      FaultScenario.build(cooper, layout, temp.resolve("after.tar"));
    }
  }

  /** Builds in a JVM that libc speaks German to, and expects that it fails for want of space. */
  private String buildInGerman() throws IOException {
    Tools.require("localedef");
    if (Files.notExists(Path.of("/usr/share/locale/de/LC_MESSAGES/libc.mo"))) {
      Tools.missing("libc's messages in German are not installed (libc-l10n)");
    }
    Path locale = Files.createDirectory(temp.resolve("locale")).resolve("de_DE.UTF-8");
    Tools.run("localedef", "-i", "de_DE", "-f", "UTF-8", locale.toString());
    Tools.Ended ended =
        Tools.attempt(
            Map.of("LOCPATH", temp.resolve("locale").toString(), "LC_ALL", "de_DE.UTF-8"),
            ChildJvm.command(
                    List.of(),
                    FaultScenario.class,
                    store.toString(),
                    layout.toString(),
                    temp.resolve("saved.tar").toString(),
                    FaultScenario.Kind.ONCE.toString())
                .toArray(new String[0]));
    assertThat(ended.status()).as(ended.output()).isEqualTo(3);
    return ended.output();
  }

  private void assertUsable() throws IOException {
    try (Cooper cooper = open()) {
      assertThat(cooper.maintenance().check().findings()).isEmpty();
      FaultScenario.build(cooper, layout, temp.resolve("after.tar"));
      cooper.images().forEach(Image::remove);
    }
  }

  /** The JDK passes on what libc says, in the user's language. */
  @Test
  void buildWhenTheDiskIsFullSaysWhatToDoInWhateverLanguageTheHostSaysSo() throws Exception {
    mount("tmpfs");
    open().close();
    fill(0);
    assertThat(buildInGerman())
        .contains("kein Speicherplatz")
        .contains("the disk is full: free some of it");
    Files.delete(mounted.resolve("filler"));
    assertUsable();
  }

  /**
   * No device tells libc's word for that: it is found in the language of the one for a full disk.
   */
  @Test
  void buildWhenTheQuotaIsUsedUpSaysWhatToDoInWhateverLanguageTheHostSaysSo() throws Exception {
    Tools.require("btrfs", "mkfs.btrfs");
    mount("btrfs");
    Path own = mounted.resolve("own");
    Tools.run("btrfs", "quota", "enable", mounted.toString());
    Tools.run("btrfs", "subvolume", "create", own.toString());
    Tools.run("btrfs", "qgroup", "limit", String.valueOf(SIZE), own.toString());
    store = own.resolve("store");
    open().close();
    Path filler = own.resolve("filler");
    Tools.Ended filled =
        Tools.attempt(Map.of("LC_ALL", "C"), "dd", "if=/dev/zero", "of=" + filler, "bs=4096");
    assertThat(filled.output()).contains("Disk quota exceeded");
    assertThat(buildInGerman())
        .contains("Quota) ist überschritten")
        .doesNotContain("kein Speicherplatz")
        .contains("the disk is full: free some of it");
    Tools.run("btrfs", "qgroup", "limit", "none", own.toString());
    assertUsable();
  }
}

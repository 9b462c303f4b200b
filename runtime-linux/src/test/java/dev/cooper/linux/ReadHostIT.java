package dev.cooper.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.cooper.oci.OperationException;
import dev.cooper.spi.TreeFilter;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Trees of the host that change while they are read, cannot be read whole, or have holes. */
class ReadHostIT {
  @TempDir Path directory;
  private final List<String> notices = new ArrayList<>();

  private RecordedEntries read(TreeFilter filter) throws IOException {
    RecordedEntries entries = new RecordedEntries();
    try (TreeReader reader =
        new TreeReader(Task.HERE, entries, filter, notices::add, Baseline.NONE)) {
      HostPath.of(directory).read(reader);
    }
    return entries;
  }

  private Path file(String name, int size) throws IOException {
    Path file = directory.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.write(file, new byte[size]);
  }

  /** Once something is chosen, its directory has been listed, and itself looked at. */
  private TreeFilter removing(String when, String... names) {
    return (path, isDirectory) -> {
      if (path.toString().equals(when)) {
        try {
          for (String name : names) {
            Files.delete(directory.resolve(name));
          }
        } catch (IOException e) {
          throw new AssertionError(e);
        }
      }
      return TreeFilter.Choice.TAKE;
    };
  }

  @Test
  void readWhenFilesVanishLeavesThemOutAndSaysSo() throws IOException {
    file("a", 1);
    file("large", 100_000);
    file("link-target", 1);
    Files.createSymbolicLink(directory.resolve("link"), Path.of("a"));
    Files.createDirectory(directory.resolve("sub"));
    file("small", 10);
    file("z", 1);
    RecordedEntries entries = read(removing("a", "large", "link", "sub", "small"));
    assertThat(entries.paths())
        .contains("a", "link-target", "z")
        .doesNotContain("large", "link", "sub", "small");
    assertThat(notices)
        .containsExactly(
            "large, link, small and 1 more: vanished while its directory was read, and was left"
                + " out");
  }

  @Test
  void readWhenANameIsGoneBeforeItIsLookedAtLeavesItOut() throws IOException {
    for (int i = 0; i < 300; i++) {
      file(String.format(Locale.ROOT, "d/%03d", i), 1);
    }
    RecordedEntries entries = read(removing("d/000", "d/299"));
    assertThat(entries.paths()).hasSize(301);
    assertThat(notices)
        .containsExactly("d/299: vanished while its directory was read, and was left out");
  }

  @Test
  void readWhenTheSourceItselfIsGoneSaysSo() {
    assertThatThrownBy(
            () -> {
              try (TreeReader reader =
                  new TreeReader(
                      Task.HERE,
                      new RecordedEntries(),
                      TreeFilter.ALL,
                      notices::add,
                      Baseline.NONE)) {
                HostPath.of(directory.resolve("none")).read(reader);
              }
            })
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("none");
  }

  @Test
  void readWhenAnExcludedDirectoryCannotBeReadGoesOn() throws IOException {
    assumeFalse(System.getProperty("user.name").equals("root"), "root reads everything");
    file("closed/in", 1);
    file("listed/in", 1);
    file("open", 1);
    mode("closed", "---------");
    mode("listed", "r--------");
    try {
      TreeFilter excluded =
          (path, isDirectory) -> isDirectory ? TreeFilter.Choice.DESCEND : TreeFilter.Choice.TAKE;
      assertThat(read(excluded).paths()).hasSize(2);
      assertThat(notices)
          .containsExactly(
              "closed: the excluded directory cannot be read, and is left out whole",
              "listed/in: lies in an excluded directory, cannot be read and was left out");
      assertThatThrownBy(() -> read(TreeFilter.ALL)).hasMessageContaining("closed: EACCES");
    } finally {
      mode("closed", "rwx------");
      mode("listed", "rwx------");
    }
  }

  private void mode(String name, String permissions) throws IOException {
    Files.setPosixFilePermissions(
        directory.resolve(name), PosixFilePermissions.fromString(permissions));
  }

  @Test
  void readWhenAFileHasHolesGivesTheSameBytes() throws IOException {
    Path sparse = directory.resolve("sparse");
    try (RandomAccessFile out = new RandomAccessFile(sparse.toFile(), "rw")) {
      out.seek(5 << 20);
      out.write("middle".getBytes("US-ASCII"));
      out.seek(9 << 20);
      out.write(1);
      out.setLength(12_345_678);
    }
    byte[] expected = Files.readAllBytes(sparse);
    Path whole = directory.resolve("whole");
    Files.write(whole, expected);
    RecordedEntries entries = read(TreeFilter.ALL);
    assertThat(entries.content("sparse")).isEqualTo(expected);
    assertThat(entries.content("whole")).isEqualTo(expected);
  }
}

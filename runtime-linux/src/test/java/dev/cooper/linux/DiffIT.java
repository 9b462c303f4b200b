package dev.cooper.linux;

import static dev.cooper.linux.BusyboxHost.diff;
import static dev.cooper.linux.BusyboxHost.sh;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.spi.Rootfs;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What a diff says after each kind of change, entry by entry.
 *
 * <pre>
 * data            2755 1000:2000
 * ├── f           640 1000:1000  "f"
 * ├── g           a hardlink of f
 * ├── link        a link to f
 * └── dir         755 0:0
 *     ├── x       "x"
 *     └── y       "y"
 * </pre>
 */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DiffIT {
  @RegisterExtension final BusyboxHost host = host();

  BusyboxHost host() {
    return new BusyboxHost();
  }

  private static final String DATA = "DIRECTORY 2755 1000:2000 data";
  private static final String DIR = "DIRECTORY 755 0:0 data/dir";

  private Rootfs root() throws IOException {
    return host.root(
        host.layer(
            it ->
                it.put(
                        TarEntry.directory(ByteString.utf8("data"), 02755)
                            .withOwner(1000, 2000)
                            .withMtime(1_000_000_000, 123_456_789))
                    .put(
                        TarEntry.file(ByteString.utf8("data/f"), 0640, 0).withOwner(1000, 1000),
                        new byte[] {'f'})
                    .hardlink("data/g", "data/f")
                    .symlink("data/link", "f")
                    .directory("data/dir")
                    .file("data/dir/x", "x")
                    .file("data/dir/y", "y")));
  }

  private void assertDiff(String script, String... lines) throws IOException {
    try (Rootfs root = root()) {
      sh(root, script);
      assertThat(diff(root).lines()).as(script).containsExactly(lines);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "cat /data/f /data/dir/* /data/link",
        "find / -xdev | wc -l",
        "stat /data/f; readlink /data/link; ls -la /data",
        "test -w /data/f",
        "echo x >/dev/shm/x; echo y >/dev/null",
        "mkdir /tmp/x; rmdir /tmp/x; touch -d 1970-01-01 /tmp || true; exec true"
      })
  void diffWhenNothingChangedIsEmptyOrTheTouchedDirectory(String script) throws IOException {
    try (Rootfs root = root()) {
      sh(root, script);
      List<String> lines = diff(root).lines();
      assertThat(lines.isEmpty() || lines.equals(List.of("DIRECTORY 1777 0:0 tmp")))
          .as("%s: %s", script, lines)
          .isTrue();
      assertThat(lines.isEmpty()).as("%s: %s", script, lines).isEqualTo(!script.contains("/tmp"));
    }
  }

  @Test
  void diffWhenAFileIsMadeHoldsItAndItsParentsAsTheyAre() throws IOException {
    assertDiff(
        "cd /data; umask 027; echo new >new; chown 5:6 new", DATA, "FILE 640 5:6 data/new = new");
    assertDiff("echo top >/top", "FILE 644 0:0 top = top");
    assertDiff(
        "mkdir -p /a/b/c",
        "DIRECTORY 755 0:0 a",
        "DIRECTORY 755 0:0 a/b",
        "DIRECTORY 755 0:0 a/b/c");
  }

  @Test
  void diffWhenAFileIsModifiedHoldsAllOfIt() throws IOException {
    assertDiff("echo more >>/data/dir/x", DATA, DIR, "FILE 644 0:0 data/dir/x = xmore");
  }

  @Test
  void diffWhenAHardlinkIsModifiedBreaksIt() throws IOException {
    // The overlay copies the one name up; without index, the other keeps the old content.
    assertDiff("echo + >>/data/g", DATA, "FILE 640 1000:1000 data/g = f+");
  }

  @Test
  void diffWhenAttributesAreChangedHoldsTheEntry() throws IOException {
    assertDiff("chmod 4711 /data/f", DATA, "FILE 4711 1000:1000 data/f = f");
    assertDiff("chown 3:4 /data/dir", DATA, "DIRECTORY 755 3:4 data/dir");
    assertDiff("chown -h 3:4 /data/link", DATA, "SYMLINK 777 3:4 data/link -> f");
    assertDiff("chmod 700 /data", "DIRECTORY 700 1000:2000 data");
  }

  @Test
  void diffWhenTimesAreSetHoldsThem() throws IOException {
    try (Rootfs root = root()) {
      sh(root, "touch -d '2001-02-03 04:05:06' /data/f");
      RecordedEntries diff = diff(root);
      assertThat(diff.paths()).containsExactly("data", "data/f");
      assertThat(diff.entry("data/f").mtimeSeconds()).isEqualTo(981_173_106L);
      assertThat(diff.entry("data").mtimeSeconds()).isEqualTo(1_000_000_000L);
    }
  }

  @Test
  void diffWhenThingsAreDeletedHoldsWhiteouts() throws IOException {
    assertDiff("rm /data/f", DATA, "FILE 0 0:0 data/.wh.f");
    assertDiff("rm -r /data/dir", DATA, "FILE 0 0:0 data/.wh.dir");
    assertDiff("rm -r /data", "FILE 0 0:0 .wh.data");
    assertDiff("rm /data/dir/x", DATA, DIR, "FILE 0 0:0 data/dir/.wh.x");
    assertDiff("echo >/data/n; rm /data/n", DATA);
  }

  @Test
  void diffWhenADirectoryIsMadeAnewHidesWhatItHeld() throws IOException {
    assertDiff(
        "cd /data; rm -r dir; mkdir dir; echo z >dir/z",
        DATA,
        "DIRECTORY 2755 0:2000 data/dir",
        "FILE 0 0:0 data/dir/.wh..wh..opq",
        "FILE 644 0:2000 data/dir/z = z");
  }

  @Test
  void diffWhenTypesAreExchangedHoldsTheNewOnes() throws IOException {
    assertDiff("rm -r /data/dir; echo now >/data/dir", DATA, "FILE 644 0:2000 data/dir = now");
    assertDiff("rm -r /data/dir; ln -s f /data/dir", DATA, "SYMLINK 777 0:2000 data/dir -> f");
    assertDiff(
        "rm /data/f; mkdir /data/f; echo i >/data/f/i",
        DATA,
        "DIRECTORY 2755 0:2000 data/f",
        "FILE 644 0:2000 data/f/i = i");
    assertDiff("rm /data/f; mkfifo /data/f", DATA, "FIFO 644 0:2000 data/f");
  }

  @Test
  void diffWhenThingsAreRenamedHoldsBothEnds() throws IOException {
    assertDiff(
        "mv /data/f /data/z", DATA, "FILE 0 0:0 data/.wh.f", "FILE 640 1000:1000 data/z = f");
    assertDiff(
        "mv /data/dir /data/moved",
        DATA,
        "FILE 0 0:0 data/.wh.dir",
        "DIRECTORY 755 0:0 data/moved",
        "FILE 644 0:0 data/moved/x = x",
        "FILE 644 0:0 data/moved/y = y");
  }

  @Test
  void diffWhenHardlinksAreMadeHoldsThem() throws IOException {
    assertDiff(
        "cd /home; echo one >b; ln b a; mkdir d; ln b d/c",
        "DIRECTORY 755 0:0 home",
        "FILE 644 0:0 home/a = one",
        "HARDLINK 644 0:0 home/b -> home/a",
        "DIRECTORY 755 0:0 home/d",
        "HARDLINK 644 0:0 home/d/c -> home/a");
  }

  @Test
  void diffWhenNamesSortOddlyIsInCanonicalOrder() throws IOException {
    try (Rootfs root = root()) {
      sh(root, "cd /home; mkdir a; touch a/z a-b a.b B 'a b' \"$(printf '\\344')\" 10 9");
      assertThat(diff(root).entries.stream().map(entry -> entry.path().latin1()))
          .containsExactly(
              "home",
              "home/10",
              "home/9",
              "home/B",
              "home/a",
              "home/a/z",
              "home/a b",
              "home/a-b",
              "home/a.b",
              "home/\u00e4");
    }
  }

  @Test
  void diffWhenADeviceIsMadeHoldsItAsRoot() throws IOException {
    try (Rootfs root = root()) {
      Run run = Runner.in(root).sh("mknod /home/null c 1 3; mknod -m 600 /home/b b 7 300");
      if (host.rootless()) {
        assertThat(run.err()).contains("Operation not permitted");
        return;
      }
      RecordedEntries diff = diff(root);
      assertThat(diff.paths()).containsExactly("home", "home/b", "home/null");
      assertThat(diff.entry("home/null"))
          .isEqualTo(
              TarEntry.device(
                      ByteString.utf8("home/null"),
                      dev.cooper.oci.layer.EntryType.CHAR_DEVICE,
                      0644,
                      1,
                      3)
                  .withMtime(diff.entry("home/null").mtimeSeconds(), 0));
      assertThat(diff.entry("home/b").deviceMajor()).isEqualTo(7);
      assertThat(diff.entry("home/b").deviceMinor()).isEqualTo(300);
    }
  }

  @Test
  void diffWhenUnpackedOverTheSameLayersGivesTheSameTree() throws IOException {
    try (Rootfs root = root()) {
      sh(
          root,
          "cd /data; rm -r dir; mkdir dir; mv f h; echo z >dir/z; ln h i; rm g; mkdir -p /n/o");
      RecordedEntries diff = diff(root);
      Path again =
          host.layer(
              it -> {
                for (int i = 0; i < diff.entries.size(); i++) {
                  it.put(
                      diff.entries.get(i),
                      diff.entries.get(i).size() == 0 ? new byte[0] : diff.contents.get(i));
                }
              });
      String list = "cd /; find data n home -exec stat -c '%n %F %a %u:%g %Y %s' {} + | sort";
      String expected = sh(root, list);
      try (Rootfs copy = host.root(layerOfData(), again)) {
        assertThat(sh(copy, list)).isEqualTo(expected);
      }
    }
  }

  private Path layerOfData() throws IOException {
    return host.layer(
        it ->
            it.put(TarEntry.directory(ByteString.utf8("data"), 0700))
                .file("data/f", "f")
                .hardlink("data/g", "data/f")
                .symlink("data/link", "f")
                .directory("data/dir")
                .file("data/dir/x", "x"));
  }

  @Test
  void mountWhenThereAreVeryManyLayersCopiesThemBeyondTheKernelsLimit() throws IOException {
    List<Path> layers = new ArrayList<>(List.of(host.base()));
    Path parent = host.directory().resolve("a-directory-with-a-name-of-some-length");
    java.nio.file.Files.createDirectory(parent);
    for (int i = 0; i < 250; i++) {
      String content = Integer.toString(i);
      Path layer = java.nio.file.Files.createDirectory(parent.resolve("layer-number-" + i));
      host.unpack(layer, it -> it.file("home/top", content).file("home/" + content, content));
      layers.add(layer);
    }
    try (Rootfs root = host.mount(layers, host.directory())) {
      assertThat(sh(root, "cat /home/top; ls /home | wc -l; cat /home/0 /home/249"))
          .isEqualTo("249251\n0249");
      sh(root, "rm /home/17 /home/249");
      assertThat(diff(root).paths()).containsExactly("home", "home/.wh.17", "home/.wh.249");
    }
    host.notices.clear();
    for (int i = 0; i < 300; i++) {
      Path layer = java.nio.file.Files.createDirectory(parent.resolve("further-layer-" + i));
      String content = "further " + i;
      host.unpack(layer, it -> it.file("home/top", content));
      layers.add(layer);
    }
    try (Rootfs root = host.mount(layers, host.directory())) {
      assertThat(sh(root, "cat /home/top; ls /home | wc -l")).isEqualTo("further 299251\n");
      sh(root, "rm /home/17; echo new >/home/top");
      assertThat(diff(root).lines())
          .containsExactly(
              "DIRECTORY 755 0:0 home", "FILE 0 0:0 home/.wh.17", "FILE 644 0:0 home/top = new");
    }
    assertThat(host.notices).singleElement().asString().contains("are copied");
  }

  @Test
  void diffWhenMountedAgainStillHoldsTheChanges() throws IOException {
    Path container = host.directory();
    try (Rootfs root = host.mount(List.of(host.base()), container)) {
      sh(root, "echo kept >/kept; rm /usr/share/doc");
    }
    try (Rootfs root = host.mount(List.of(host.base()), container)) {
      assertThat(diff(root).lines())
          .containsExactly(
              "FILE 644 0:0 kept = kept",
              "DIRECTORY 755 0:0 usr",
              "DIRECTORY 755 0:0 usr/share",
              "FILE 0 0:0 usr/share/.wh.doc");
    }
  }

  @Test
  void diffWhenADirectoryReplacesAFileOverADirectoryHidesThatToo() throws IOException {
    Path lowest = host.layer(it -> it.directory("d").file("d/old", "old"));
    Path file = host.layer(it -> it.file("d", "file"));
    try (Rootfs root = host.root(lowest, file)) {
      sh(root, "rm /d; mkdir /d; echo new >/d/new");
      assertThat(diff(root).lines())
          .containsExactly("DIRECTORY 755 0:0 d", "FILE 644 0:0 d/new = new");
    }
    Path again = host.layer(it -> it.directory("d").file("d/new", "new"));
    try (Rootfs root = host.root(lowest, file, again)) {
      assertThat(sh(root, "ls /d")).isEqualTo("new\n");
    }
  }
}

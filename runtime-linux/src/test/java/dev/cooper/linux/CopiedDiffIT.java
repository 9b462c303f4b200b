package dev.cooper.linux;

import static dev.cooper.linux.BusyboxHost.diff;
import static dev.cooper.linux.BusyboxHost.sh;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.spi.Rootfs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The same, where the layers are copied; and what only a copy could get wrong. */
final class CopiedDiffIT extends DiffIT {
  @Override
  BusyboxHost host() {
    return BusyboxHost.copying();
  }

  private Rootfs files() throws IOException {
    return host.root(
        host.layer(
            it ->
                it.directory("d")
                    .file("d/a", "a")
                    .file("d/b", "b")
                    .directory("d/e")
                    .file("d/e/f", "f")
                    .file("large", "x".repeat(3_000_000))
                    .put(TarEntry.file(ByteString.utf8("empty"), 0600, 0))));
  }

  @Test
  void diffWhenAChangeHidesItsTimesAndSizeStillHoldsIt() throws IOException {
    try (Rootfs root = files()) {
      sh(root, "cd /d; cp -p a /tmp/ref; printf z >a; touch -r /tmp/ref a; rm /tmp/ref");
      assertThat(diff(root).lines())
          .containsExactly("DIRECTORY 755 0:0 d", "FILE 644 0:0 d/a = z", "DIRECTORY 1777 0:0 tmp");
    }
  }

  @Test
  void diffWhenChangedAtOnceMissesNothing() throws IOException {
    for (int i = 0; i < 10; i++) {
      try (Rootfs root = files();
          var out = root.write()) {
        TarEntry entry = TarEntry.file(ByteString.utf8("d/b"), 0644, 1);
        out.begin(entry);
        out.write("c".getBytes(StandardCharsets.UTF_8), 0, 1);
        out.end();
        out.finish();
        assertThat(diff(root).lines()).contains("FILE 644 0:0 d/b = c");
      }
    }
  }

  @Test
  void diffWhenNothingRanSinceASealIsEmpty() throws IOException {
    Path container = host.directory();
    Path sealed;
    try (Rootfs root = host.mount(List.of(host.base()), container)) {
      sh(root, "cd /home; echo 1 >one; ln one two; mkdir d; rm -r /usr/share; mkdir /usr/share");
      sealed = root.seal(container.resolve("0"));
    }
    try (Rootfs root = host.mount(List.of(host.base(), sealed), container)) {
      assertThat(diff(root).lines()).isEmpty();
      sh(root, "echo 3 >/home/d/three");
      assertThat(diff(root).lines())
          .containsExactly(
              "DIRECTORY 755 0:0 home",
              "DIRECTORY 755 0:0 home/d",
              "FILE 644 0:0 home/d/three = 3");
    }
    try (Rootfs root = host.root(sealed)) {
      assertThat(sh(root, "ls -A /usr/share; cat /home/two")).isEqualTo("1\n");
    }
  }

  @Test
  void mountWhenAFileIsWrittenLeavesTheLayerAsItWas() throws IOException {
    Path layer = host.layer(it -> it.file("f", "old").hardlink("g", "f"));
    try (Rootfs root = host.root(layer)) {
      sh(root, "echo new >>/f; cat /g");
      assertThat(diff(root).lines()).containsExactly("FILE 644 0:0 f = oldnew");
    }
    assertThat(layer.resolve("f")).hasContent("old");
    assertThat(layer.resolve("g")).hasContent("old");
  }

  @Test
  void mountWhenAFileIsSparseKeepsItsHoles() throws IOException {
    Path layer = host.layer(it -> it.directory("d"));
    try (var file = new java.io.RandomAccessFile(layer.resolve("d").toFile() + "/s", "rw")) {
      file.setLength(1L << 30);
      file.seek(512L << 20);
      file.write("middle".getBytes(StandardCharsets.UTF_8));
    } catch (java.io.FileNotFoundException notOurs) {
      return; // the layer belongs to a subordinate id
    }
    try (Rootfs root = host.root(layer)) {
      assertThat(sh(root, "stat -c %s /d/s; du -k /d/s | cut -f1"))
          .matches("1073741824\n\\d{1,3}\n");
      assertThat(sh(root, "dd if=/d/s bs=1M skip=512 count=1 2>/dev/null | head -c 6"))
          .isEqualTo("middle");
    }
  }

  @Test
  void mountWhenKilledWhileCopyingCopiesAnew() throws IOException {
    Path container = host.directory();
    Files.createDirectories(container.resolve("changes/tree/half"));
    try (Rootfs root = host.mount(List.of(host.base()), container)) {
      assertThat(sh(root, "ls /")).doesNotContain("half");
      assertThat(diff(root).lines()).isEmpty();
    }
  }
}

package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.image.SaveOptions;
import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.oci.layer.TarWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The layer that a command leaves is the one that buildah commits for the same command on the same
 * base: paths, types, modes, owners, sizes, links, xattrs, contents and whiteouts.
 *
 * <p>Deliberate differences:
 *
 * <ul>
 *   <li>times, which are those of two runs;
 *   <li>buildah's layer holds the stubs of its own mounts ({@code proc}, {@code etc/hosts} …); ours
 *       nothing that the command did not do;
 *   <li>a directory that was removed and made again is opaque in ours, as overlay has it; buildah
 *       names each file that is gone;
 *   <li>where a file got one more name, ours keeps both names one file; buildah's layer holds the
 *       new name alone, as a copy.
 * </ul>
 */
class DiffIT extends EndToEnd {
  private static final List<String> SCRIPT =
      List.of(
          "set -e",
          "echo created > /new",
          "mkdir -p /deep/er && echo below > /deep/er/file",
          "echo more >> /srv/file",
          "rm /srv/gone",
          "rm -r /srv/tree",
          "rm /srv/becomes-dir && mkdir /srv/becomes-dir && echo in > /srv/becomes-dir/in",
          "rm -r /srv/becomes-file && echo now > /srv/becomes-file",
          "mv /srv/name /srv/renamed",
          "mv /srv/dir /srv/moved",
          "chmod 4751 /srv/mode",
          "chown 12:34 /srv/owner",
          "ln /srv/tied /srv/hard",
          "ln /new /new-hard",
          "ln -s /nowhere /dangling",
          "mv /srv/moved-attributes/file /srv/attributes",
          "chmod 711 /srv/mode-attributes/file",
          "touch -d '2001-02-03 04:05:06' /srv/touched",
          "cp -a /srv/copied /copied",
          "rm -rf /srv/refilled && mkdir /srv/refilled && echo new > /srv/refilled/new",
          "mkfifo -m 600 /fifo",
          "ln -sf other /srv/symlink",
          "echo x > '/a name'",
          "mkdir -m 1777 /sticky",
          "chgrp 55 /srv/group-dir",
          "echo a > /srv/short-lived && rm /srv/short-lived",
          "echo touched >> /srv/capable");

  private static final List<String> MOUNT_STUBS =
      List.of("dev", "proc", "sys", "run", "etc", "etc/hostname", "etc/hosts", "etc/resolv.conf");

  private Path base;

  @BeforeEach
  void makeBase() throws IOException {
    base = temp.resolve("base.tar");
    byte[] changed =
        Tars.of(
            tar -> {
              for (String each :
                  List.of("gone", "becomes-dir", "name", "mode", "owner", "tied", "touched")) {
                Tars.file(tar, "srv/" + each, 0644, each + "\n");
              }
              for (String each :
                  List.of("tree", "becomes-file", "dir", "copied", "refilled", "group-dir")) {
                Tars.directory(tar, "srv/" + each, 0755);
                Tars.file(tar, "srv/" + each + "/inside", 0600, each + "\n");
              }
              Tars.link(tar, "srv/symlink", "file");
              attributed(tar, "srv/moved-attributes/file");
              attributed(tar, "srv/mode-attributes/file");
              attributed(tar, "srv/capable");
            });
    Path first = temp.resolve("first");
    Path second = temp.resolve("second");
    Files.write(first, Bases.busybox());
    Files.write(second, changed);
    Tools.run("tar", "--concatenate", "-f", first.toString(), second.toString());
    Files.move(first, base);
  }

  /** A file with attributes, one of them binary: a capability, which a changed content loses. */
  private static void attributed(TarWriter tar, String path) throws IOException {
    byte[] capability = new byte[20]; // VFS_CAP_REVISION_2, effective, CAP_NET_BIND_SERVICE
    capability[3] = 2;
    capability[0] = 1;
    capability[5] = 4;
    tar.begin(
        TarEntry.file(ByteString.utf8(path), 0755, 1)
            .withMtime(1_600_000_000L, 0)
            .withXattrs(
                Map.of(
                    ByteString.utf8("security.capability"),
                    ByteString.of(capability),
                    ByteString.utf8("user.mark"),
                    ByteString.utf8("grüße"))));
    tar.write(new byte[] {'x'}, 0, 1);
    tar.end();
  }

  @Test
  void commitWhenCommandsChangeEverythingEqualsBuildah() throws IOException {
    Tools.require("buildah", "skopeo", "tar");
    Tools.requireRoot("buildah's chroot isolation keeps owners as root only");
    String script = String.join("\n", SCRIPT);
    Image from = cooper.importRoot(base);
    Path layout = temp.resolve("layout");
    from.tag("base:1").save(layout, SaveOptions.ociLayout());

    Map<String, Tars.Found> ours;
    try (WorkingContainer c = cooper.from(from)) {
      ours = Tars.last(store, c.run(script).commit());
    }
    Map<String, Tars.Found> theirs = buildah(layout, script);
    Map<String, String> left = lines(ours);
    Map<String, String> right = lines(theirs);
    assertThat(left).containsKeys("srv/.wh.gone", "srv/.wh.tree", "copied/inside");
    MOUNT_STUBS.forEach(right::remove);
    assertThat(left.remove("srv/refilled/.wh..wh..opq")).isNotNull();
    assertThat(right.remove("srv/refilled/.wh.inside")).isNotNull();
    assertThat(left.remove("srv/tied")).startsWith("HARDLINK").contains("srv/hard");
    assertThat(left).isEqualTo(right);
  }

  private Map<String, Tars.Found> buildah(Path layout, String script) throws IOException {
    try (Buildah buildah = new Buildah(temp.resolve("buildah"))) {
      String container = buildah.from("oci:" + layout + ":docker.io/library/base:1");
      buildah.run("run", "--isolation", "chroot", container, "--", "/bin/sh", "-c", script);
      Path out = temp.resolve("theirs");
      buildah.run("commit", "--disable-compression", container, "oci:" + out + ":out");
      return Layouts.last(out);
    }
  }

  private static Map<String, String> lines(Map<String, Tars.Found> layer) {
    Map<String, String> lines = new TreeMap<>();
    layer.forEach((path, found) -> lines.put(path, found.line()));
    return lines;
  }
}

package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.command.Command;
import dev.cooper.command.Mount;
import dev.cooper.error.SourceNotFoundException;
import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.CooperException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.Index;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.Platform;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.oci.layout.ContentWriter;
import dev.cooper.oci.layout.OciLayout;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What hit other tools, tried through the public API. The layers' own are in HostileLayerIT and
 * TarAttackTest, the registries' in HostileContentTest, the mounts' in MountIT.
 */
class ThreatsIT extends EndToEnd {
  private static final String LONG = "x".repeat(256);

  /** The store is open, so its staging directory is there, with nothing in it. */
  private void assertNothingStaged() throws IOException {
    for (String own : names(store.resolve("staging"))) {
      assertThat(names(store.resolve("staging").resolve(own)))
          .allMatch(name -> name.startsWith("pins"));
    }
  }

  // --- layers

  /** A layout with an image whose only layer is these bytes, as they are or packed. */
  private Path layout(String name, byte[] tar, boolean packed) throws IOException {
    Path directory = temp.resolve(name);
    byte[] blob = packed ? gzip(tar) : tar;
    try (ContentWriter to = OciLayout.create(directory)) {
      Descriptor layer =
          Descriptor.of(packed ? MediaType.OCI_LAYER_GZIP : MediaType.OCI_LAYER, blob);
      to.blob(layer, blob);
      byte[] config = ImageConfig.of(Platform.current()).withDiffId(Digest.sha256(tar)).toBytes();
      to.blob(Descriptor.of(MediaType.OCI_CONFIG, config), config);
      byte[] manifest =
          Manifest.of(
                  MediaType.OCI_MANIFEST,
                  Descriptor.of(MediaType.OCI_CONFIG, config),
                  List.of(layer))
              .toBytes();
      to.blob(Descriptor.of(MediaType.OCI_MANIFEST, manifest), manifest);
      to.commit(Index.of(List.of(Descriptor.of(MediaType.OCI_MANIFEST, manifest))));
    }
    return directory;
  }

  private static byte[] gzip(byte[] bytes) throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
      out.write(bytes);
    }
    return packed.toByteArray();
  }

  private static byte[] good() throws IOException {
    return Tars.of(tar -> Tars.file(tar, "good", 0644, "good"));
  }

  @Test
  @DisplayName("CVE-2021-20291: a layer that is no tar, and the next one works")
  void garbage() throws IOException {
    byte[] garbage = "no tar at all ".repeat(1000).getBytes();
    byte[] cut = java.util.Arrays.copyOf(good(), 700);
    for (byte[] layer : List.of(garbage, cut)) {
      Path bad = layout("bad" + layer.length, layer, true);
      assertThatThrownBy(() -> cooper.load(bad)).isInstanceOf(ContentException.class);
      assertThatThrownBy(() -> cooper.loadAndUnpack(bad)).isInstanceOf(ContentException.class);
      assertNothingStaged();
    }
    assertThat(cooper.loadAndUnpack(layout("good", good(), true))).hasSize(1);
  }

  @Test
  @DisplayName("CVE-2017-14992: hundreds of megabytes after the tar's end, packed to few")
  void bytesAfterTheEnd() throws IOException {
    byte[] tar = good();
    Path bomb = layout("bomb", java.util.Arrays.copyOf(tar, tar.length + (80 << 20)), true);
    assertThatThrownBy(() -> cooper.load(bomb))
        .isInstanceOf(ContentException.class)
        .hasMessageContaining("over the limit trailingBytes of 67108864");
    assertNothingStaged();
  }

  @Test
  @DisplayName("THREATS 5: an entry below a file, on every way in")
  void entryBelowAFile() throws IOException {
    byte[] tar =
        Tars.of(
            out -> {
              Tars.file(out, "a", 0644, "a");
              Tars.file(out, "a/b", 0644, "b");
            });
    Path file = Files.write(temp.resolve("below.tar"), tar);
    Path layout = layout("below", tar, false);
    try (WorkingContainer c = cooper.scratch()) {
      for (Runnable way :
          List.<Runnable>of(
              () -> cooper.load(layout),
              () -> cooper.loadAndUnpack(layout),
              () -> cooper.importRoot(file),
              () -> c.add(file, "/"))) {
        assertThatThrownBy(way::run)
            .isInstanceOf(ContentException.class)
            .hasMessageContaining("a/b lies below a, which is no directory");
      }
    }
  }

  @Test
  @DisplayName("THREATS 6: a name that no file system holds, on every way in")
  void namesThatNoFileSystemHolds() throws IOException {
    Path source = host("f", "x");
    byte[] tar = Tars.of(out -> out.put(TarEntry.file(ByteString.utf8("d/" + LONG), 0644, 0)));
    Path file = Files.write(temp.resolve("long.tar"), tar);
    Path layout = layout("long", tar, false);
    String deep = "/" + "y".repeat(200) + ("/" + "y".repeat(200)).repeat(20);
    try (WorkingContainer c = container();
        WorkingContainer other = cooper.scratch()) {
      other.write("/f", "x");
      for (String name : List.of("/" + LONG, "/a/" + "é".repeat(128) + "/b", deep)) {
        for (Function<String, Object> way :
            List.<Function<String, Object>>of(
                to -> c.write(to, "x"),
                to -> c.copy(source, to),
                to -> c.add(source, to),
                to -> c.copyFrom(other, "/f", to, UnaryOperator.identity()),
                to -> c.workdir(to),
                to -> c.volume(to),
                to -> c.run(Command.shell("true").mount(Mount.tmpfs(to))),
                to -> c.run(Command.shell("true").workdir(to)))) {
          assertThatThrownBy(() -> way.apply(name))
              .isInstanceOf(IllegalArgumentException.class)
              .hasMessageContaining("bytes");
        }
      }
      for (Runnable way :
          List.<Runnable>of(
              () -> cooper.load(layout), () -> cooper.importRoot(file), () -> c.add(file, "/"))) {
        assertThatThrownBy(way::run)
            .isInstanceOf(ContentException.class)
            .hasMessageContaining("256 bytes");
      }
    }
  }

  @Test
  @DisplayName("CVE-2026-33748: a repository with #ref:subdirectory is no source")
  void gitUrls() throws IOException {
    try (WorkingContainer c = cooper.scratch()) {
      for (String url : List.of("git://localhost/a.git#main:sub", "ssh://git@localhost/a.git")) {
        assertThatThrownBy(() -> c.add(URI.create(url), "/a", UnaryOperator.identity()))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("expected an http or https URL");
      }
    }
  }

  @Test
  @DisplayName("CVE-2021-41091, CVE-2021-41103: nobody else reaches the store's setuid files")
  void setuidFilesOfTheStore() throws IOException {
    Image image = cooper.importRoot(tar(out -> Tars.file(out, "su", 04755, "x")));
    try (WorkingContainer c = cooper.from(image)) {
      c.write("/x", "y");
      c.mountPath();
      assertThat(Files.getPosixFilePermissions(store)).hasSize(3);
      assumeTrue(
          ProcessHandle.current().info().user().orElse("").equals("root"),
          "to become another user takes root");
      Process other =
          new ProcessBuilder(
                  "setpriv",
                  "--reuid=65534",
                  "--regid=65534",
                  "--clear-groups",
                  "sh",
                  "-c",
                  "ls " + store + " || find " + c.mountPath() + " -name su")
              .redirectErrorStream(true)
              .start();
      assertThat(new String(other.getInputStream().readAllBytes()))
          .contains("Permission denied")
          .doesNotContain("/su\n");
    }
  }

  private Path tar(Tars.Filling filling) throws IOException {
    return Files.write(Files.createTempFile(temp, "made", ".tar"), Tars.of(filling));
  }

  @Test
  @DisplayName("THREATS 20: a security.capability of any bytes survives from tar to tar")
  void bytesOfAttributes() throws IOException {
    byte[] capability = {1, 0, 0, 2, (byte) 0x80, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    Map<ByteString, ByteString> xattrs =
        Map.of(ByteString.utf8("security.capability"), ByteString.of(capability));
    Path tar =
        tar(out -> out.put(TarEntry.file(ByteString.utf8("ping"), 0755, 0).withXattrs(xattrs)));
    try (WorkingContainer c = container()) {
      c.add(tar, "/");
      Tars.Found found = Tars.last(store, c.commit()).get("ping");
      assertThat(found.entry().xattrs()).containsExactlyEntriesOf(new java.util.TreeMap<>(xattrs));
      c.mountPath();
      c.run("true");
      c.write("/also", "x");
      assertThat(Tars.last(store, c.commit()).get("ping").entry().xattrs())
          .containsExactlyEntriesOf(new java.util.TreeMap<>(xattrs));
    }
  }

  // --- copies and mounts

  @Test
  @DisplayName("CVE-2024-1753: a bind's source is a link in another container")
  void bindsOfAnotherContainersLinks() throws IOException {
    Path canary =
        Files.writeString(Files.createDirectory(temp.resolve("canary")).resolve("f"), "host");
    try (WorkingContainer other = container();
        WorkingContainer c = container()) {
      other.run(
          "mkdir -p /data"
              + canary.getParent()
              + " && echo mine >/data/f && ln -s / /root-link"
              + " && ln -s "
              + canary.getParent()
              + " /host-link && ln -s ../../../../../.. /up"
              + " && ln -s /data /inside && mkdir -p "
              + canary.getParent()
              + " && echo inside >"
              + canary);
      Path root = other.mountPath();
      assertThat(bound(c, root.resolve("inside"), "cat /in/f")).isEqualTo("mine\n");
      assertThat(bound(c, root.resolve("inside/f"), "cat /in")).isEqualTo("mine\n");
      assertThat(bound(c, root.resolve("host-link"), "cat /in/f")).isEqualTo("inside\n");
      assertThat(bound(c, root.resolve("host-link/f"), "cat /in")).isEqualTo("inside\n");
      for (String link : List.of("root-link", "up", "../../../../..")) {
        assertThat(bound(c, root.resolve(link), "cat /in/data/f; ls /in" + store))
            .isEqualTo("mine\n");
      }
      assertThatThrownBy(() -> bound(c, root.resolve("root-link" + store), "true"))
          .isInstanceOf(SourceNotFoundException.class);
      assertThat(bound(c, root, "cat /in/data/f")).isEqualTo("mine\n");
    }
  }

  private static String bound(WorkingContainer c, Path source, String command) {
    return c.exec(Command.shell(command + " 2>/dev/null; true").mount(Mount.bind(source, "/in")))
        .out();
  }

  @Test
  @DisplayName("CVE-2024-9675, CVE-2026-33747: a cache's id names a place outside")
  void cacheIds() throws IOException {
    try (WorkingContainer c = container()) {
      for (String id : List.of("../..", "../../x", "/etc", "..", "a/../../../../b")) {
        c.run(
            Command.shell("test -z \"$(ls -A /c)\" && echo x >/c/x").mount(Mount.cache(id, "/c")));
      }
      assertThat(names(store.resolve("cache")))
          .hasSize(10)
          .allMatch(name -> name.matches("[0-9a-f]{64}(\\.id)?"));
    }
  }

  @Test
  @DisplayName("CVE-2024-45310, CVE-2026-55686: a working directory leads through a link")
  void workdirThroughALink() throws IOException {
    Path canary = Files.createDirectory(temp.resolve("canary"));
    try (WorkingContainer c = container()) {
      c.run("ln -s " + canary + " /w && ln -s ../../../../../../../../.." + canary + " /v");
      c.workdir("/w/new").run("true");
      c.workdir("/v/newer").run("pwd > where");
      c.commit();
      assertThat(canary).isEmptyDirectory();
      assertThat(cat(c, canary + "/newer/where")).isEqualTo(canary + "/newer\n");
    }
  }

  @Test
  @DisplayName("CVE-2022-23648: a volume climbs")
  void volumes() throws IOException {
    try (WorkingContainer c = container()) {
      c.volume("/../../../etc").volume("../../x").run("true");
      assertThat(c.config().config().volumes()).containsExactlyInAnyOrder("/etc", "/x");
    }
  }

  @Test
  @DisplayName("CVE-2025-4953: writes to a bind mount reach the context")
  void bindsAreReadOnly() throws IOException {
    Path context = host("context/f", "x").getParent();
    try (WorkingContainer c = container()) {
      assertThat(
              c.exec(
                      Command.shell("echo y >>/in/f || echo y >/in/g")
                          .mount(Mount.bind(context, "/in")))
                  .status())
          .isNotZero();
      assertThat(names(context)).containsExactly("f");
      assertThat(context.resolve("f")).hasContent("x");
    }
  }

  @ParameterizedTest(name = "CVE-2024-9676, CVE-2026-47262: /etc/passwd made by {0}")
  @ValueSource(
      strings = {
        "mkfifo /etc/passwd",
        "ln -s /dev/zero /etc/passwd",
        "ln -s /proc/kmsg /etc/passwd",
        "ln -s passwd /etc/passwd",
        "mkdir /etc/passwd",
        "truncate -s 64M /etc/passwd"
      })
  void passwdThatHasNoEnd(String made) throws IOException {
    try (WorkingContainer c = container()) {
      c.run("mkdir -p /etc; rm -f /etc/passwd; " + made);
      for (WorkingContainer each : List.of(c, cooper.from(c.commit()))) {
        try (each) {
          assertThatThrownBy(() -> each.exec(Command.shell("true").user("somebody")))
              .isInstanceOf(CooperException.class);
          assertThatThrownBy(() -> each.write("/x", "y", o -> o.owner("somebody")))
              .isInstanceOf(CooperException.class);
        }
      }
    }
  }

  @ParameterizedTest(name = "CVE-2024-9676, CVE-2026-47262: /etc/group made by {0}")
  @ValueSource(
      strings = {
        "mkfifo /etc/group",
        "ln -s /dev/zero /etc/group",
        "ln -s group /etc/group",
        "truncate -s 4G /etc/group"
      })
  void groupThatHasNoEnd(String made) throws IOException {
    try (WorkingContainer c = container()) {
      c.run("mkdir -p /etc; rm -f /etc/group; " + made);
      assertThatThrownBy(() -> c.exec(Command.shell("true").user("0:somegroup")))
          .isInstanceOf(CooperException.class);
      assertThatThrownBy(() -> c.write("/x", "y", o -> o.owner("0:somegroup")))
          .isInstanceOf(CooperException.class);
    }
  }

  @Test
  @DisplayName("CVE-2024-9676: /etc/passwd leads to the host's")
  void passwdThatLeadsOut() throws IOException {
    Path host = host("passwd", "hostuser:x:0:0::/:/bin/sh\n");
    try (WorkingContainer c = container()) {
      c.run("mkdir -p /etc; rm -f /etc/passwd; ln -s " + host + " /etc/passwd");
      assertThatThrownBy(() -> c.exec(Command.shell("true").user("hostuser")))
          .isInstanceOf(CooperException.class);
    }
  }

  @Test
  @DisplayName("CVE-2019-14271: the container's nsswitch libraries are none of ours")
  void nsswitch() throws IOException {
    try (WorkingContainer c = container()) {
      c.run(
          "mkdir -p /etc /lib; echo 'passwd: evil' >/etc/nsswitch.conf; echo no library"
              + " >/lib/libnss_evil.so.2; echo 'app:x:1234:1234::/:/bin/sh' >/etc/passwd");
      assertThat(c.exec(Command.shell("id -u").user("app")).out()).isEqualTo("1234\n");
      assertThat(Files.readString(Path.of("/proc/self/maps"))).doesNotContain("libnss_evil");
    }
  }

  @Test
  @DisplayName("CVE-2022-4122: a context's links are copied as links")
  void contextWithLinks() throws IOException {
    Path context = host("context/f", "x").getParent();
    Files.createSymbolicLink(context.resolve("a"), Path.of("/"));
    Path ignore = Files.createSymbolicLink(context.resolve(".dockerignore"), Path.of("/dev/zero"));
    Path other = Files.createSymbolicLink(temp.resolve("ignore"), host("secret", "f\n"));
    try (WorkingContainer c = cooper.scratch()) {
      for (Path link : List.of(ignore, other)) {
        assertThatThrownBy(() -> c.copy(context, "/", o -> o.ignoreFile(link)))
            .isInstanceOf(CooperException.class)
            .hasMessageContaining("no regular file");
      }
      c.copy(context, "/");
      assertThat(Tars.last(store, c.commit()).keySet())
          .containsExactlyInAnyOrder("a", "f", ".dockerignore");
    }
  }

  @Test
  void labelsThatLookLikeInstructionsAreInert() throws IOException {
    try (WorkingContainer c = container()) {
      Path marker = temp.resolve("ran");
      c.label("syntax", "# syntax=evil/frontend").label("run", "$(touch " + marker + ")");
      c.env("A", "`touch " + marker + "`").run("true");
      c.commit();
      assertThat(marker).doesNotExist();
    }
  }

  // --- messages

  @Test
  void runWhenAFileIsBoundOnADirectorySaysBoth() throws IOException {
    Path file = host("f", "x");
    try (WorkingContainer c = container()) {
      c.run("mkdir /d && echo >/e");
      for (Mount mount : List.of(Mount.bind(file, "/d"), Mount.bind(file.getParent(), "/e"))) {
        assertThatThrownBy(() -> c.run(Command.shell("true").mount(mount)))
            .isInstanceOf(CooperException.class)
            .hasMessageContaining(mount.target() + " in the container")
            .hasMessageContaining("a file can only be mounted on a file");
      }
    }
  }

  @Test
  void copyWhenAPatternMeetsADanglingLinkSaysWhereItLeads() throws IOException {
    Path directory = host("links/f", "x").getParent();
    Files.createSymbolicLink(directory.resolve("gone"), Path.of("/no/where"));
    try (WorkingContainer c = cooper.scratch()) {
      assertThatThrownBy(() -> c.copy(directory + "/*", "/d/"))
          .isInstanceOf(SourceNotFoundException.class)
          .hasMessageContaining("links/gone: it is a link to /no/where, where nothing is");
    }
  }

  @Test
  void copyWhenTheKernelMakesTheFileUpNamesIt() throws IOException {
    try (WorkingContainer c = cooper.scratch()) {
      assertThatThrownBy(() -> c.copy(Path.of("/proc/version"), "/v"))
          .isInstanceOf(CooperException.class)
          .hasMessageContaining("the file version changed")
          .hasMessageContaining("as in /proc");
    }
  }
}

package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.oci.Digest;
import dev.cooper.oci.OperationException;
import dev.cooper.step.CopyOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The Dockerfile's ADD: archives, and files over HTTP. */
class AddIT extends EndToEnd {
  private static final String LAST_MODIFIED = "Fri, 13 Feb 2009 23:31:30 GMT";
  private static final long LAST_MODIFIED_SECONDS = 1_234_567_890L;
  private static final byte[] BODY = "served\n".getBytes(StandardCharsets.UTF_8);

  private final AtomicBoolean cut = new AtomicBoolean();
  private HttpServer server;

  @BeforeEach
  void serve() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          String path = exchange.getRequestURI().getPath();
          if (path.equals("/files/cut") && cut.compareAndSet(false, true)) {
            exchange.sendResponseHeaders(200, BODY.length);
            exchange.getResponseBody().write(BODY, 0, 3);
            exchange.getResponseBody().flush();
            throw new IOException("cut");
          } else if (path.equals("/moved")) {
            exchange.getResponseHeaders().add("Location", "/files/tool");
            exchange.sendResponseHeaders(302, -1);
          } else if (path.startsWith("/files/")) {
            exchange.getResponseHeaders().add("Last-Modified", LAST_MODIFIED);
            exchange.sendResponseHeaders(200, BODY.length);
            exchange.getResponseBody().write(BODY);
          } else {
            exchange.sendResponseHeaders(404, -1);
          }
          exchange.close();
        });
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private URI url(String path) {
    return URI.create(
        "http://"
            + server.getAddress().getAddress().getHostAddress()
            + ":"
            + server.getAddress().getPort()
            + path);
  }

  @ParameterizedTest
  @ValueSource(strings = {"tar", "tar.gz", "tar.bz2", "tar.xz", "tar.zst"})
  void addWhenSourceIsAnArchiveUnpacksIt(String suffix) throws IOException {
    Path archive = archive(suffix);
    for (boolean mounted : new boolean[] {false, true}) {
      try (WorkingContainer c = container()) {
        if (mounted) {
          c.run("true");
        }
        Image image = c.add(archive, "/opt").commit();
        var last = Tars.last(store, image);
        assertThat(last.get("opt/dir/file").line()).startsWith("FILE 0640 5:6 5 ");
        assertThat(last.get("opt/dir/file").text()).isEqualTo("text\n");
        assertThat(last.get("opt/link").entry().link().toString()).isEqualTo("dir/file");
        assertThat(last.get("opt/hard").entry().link().toString()).isEqualTo("opt/dir/file");
      }
    }
  }

  @Test
  void addWhenArchivesAreKeptCopiesThem() throws IOException {
    Path archive = archive("tar.gz");
    try (WorkingContainer c = container()) {
      Image image = c.add(archive, "/opt/", o -> o.keepArchives().owner("app")).commit();
      assertThat(Tars.last(store, image)).containsOnlyKeys("opt", "opt/archive.tar.gz");
      assertThat(Tars.last(store, image).get("opt/archive.tar.gz").entry().size())
          .isEqualTo(Files.size(archive));
    }
  }

  /** As in busybox's own images, and with each name a link to the one before. */
  @Test
  void addWhenHardlinksNameHardlinksMakesThemNamesOfOneFile() throws IOException {
    Path chain =
        linked(tar -> Tars.file(tar, "z", 0644, "zzz\n"), "passwd0", "z", "passwd", "passwd0");
    for (boolean mounted : new boolean[] {false, true}) {
      try (WorkingContainer c = container()) {
        if (mounted) {
          c.run("true");
        }
        Image image = c.add(chain, "/w/").commit();
        try (WorkingContainer made = image.container()) {
          assertThat(made.exec("/bin/sh", "-c", "cat /w/passwd /w/passwd0 /w/z").out())
              .isEqualTo("zzz\n".repeat(3));
          assertThat(
                  made.exec(
                          "/bin/sh",
                          "-c",
                          "ls -i /w | sed 's/ *\\([0-9]*\\).*/\\1/' | sort -u | wc -l")
                      .out()
                      .strip())
              .isEqualTo("1");
        }
      }
    }
  }

  @Test
  void addWhenAHardlinksFileIsReplacedKeepsItsContent() throws IOException {
    Path chain = linked(tar -> Tars.file(tar, "a", 0644, "old"), "b", "a", "c", "b");
    for (boolean mounted : new boolean[] {false, true}) {
      try (WorkingContainer c = container()) {
        if (mounted) {
          c.run("true");
        }
        Image image = c.add(chain, "/h/").write("/h/a", "new").commit();
        try (WorkingContainer made = image.container()) {
          assertThat(made.exec("/bin/sh", "-c", "cd /h; cat a b c").out()).isEqualTo("newoldold");
        }
      }
    }
  }

  @Test
  void addWhenAHardlinkNamesAFileOfTheContainerLinksToIt() throws IOException {
    Path outside = linked(tar -> Tars.file(tar, "x", 0644, "x"), "b", "a");
    try (WorkingContainer c = container()) {
      Image base = c.write("/h/a", "AAA").commit();
      Image image = c.add(outside, "/h/").commit();
      try (WorkingContainer made = image.container();
          WorkingContainer above = base.container()) {
        assertThat(made.exec("/bin/cat", "/h/b").out()).isEqualTo("AAA");
        Image twice = above.add(outside, "/h/").commit();
        assertThat(Tars.last(store, twice)).containsKeys("h/a", "h/b", "h/x");
      }
    }
    try (WorkingContainer c = container()) {
      assertThatThrownBy(() -> c.add(outside, "/h/"))
          .isInstanceOf(dev.cooper.oci.CooperException.class)
          .hasMessageContaining("h/b")
          .hasMessageContaining("nor in the container");
      c.run("true");
      assertThat(c.commit().manifest().layers()).hasSize(1);
    }
  }

  /** An archive with hardlinks after what the filling puts into it: names and what they name. */
  private Path linked(Tars.Filling filling, String... links) throws IOException {
    Path archive = temp.resolve("linked.tar");
    Files.write(
        archive,
        Tars.of(
            tar -> {
              filling.fill(tar);
              for (int i = 0; i < links.length; i += 2) {
                tar.put(
                    dev.cooper.oci.layer.TarEntry.hardlink(
                        dev.cooper.oci.ByteString.utf8(links[i]),
                        dev.cooper.oci.ByteString.utf8(links[i + 1])));
              }
            }));
    return archive;
  }

  @Test
  void addWhenOwnerIsGivenGivesTheArchivesFilesToIt() throws IOException {
    try (WorkingContainer c = container()) {
      Image image = c.add(archive("tar.gz"), "/opt", o -> o.owner("app")).commit();
      assertThat(Tars.last(store, image).get("opt/dir/file").line())
          .startsWith("FILE 0640 1000:1001");
    }
  }

  @Test
  void addWhenFileOnlyLooksLikeAnArchiveCopiesIt() throws IOException {
    Path named = host("no-archive.tar.gz", "text, whatever its name");
    Path gzip = temp.resolve("host/compressed");
    Files.writeString(temp.resolve("host/plain"), "x".repeat(5000));
    Tools.run("sh", "-c", "gzip -c " + temp.resolve("host/plain") + " > " + gzip);
    Path broken = temp.resolve("host/broken.tar.gz");
    Files.write(broken, new byte[] {0x1f, (byte) 0x8b, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8});
    try (WorkingContainer c = container()) {
      Image image = c.add(named, "/a/").add(gzip, "/a/").add(broken, "/a/").commit();
      assertThat(Tars.last(store, image))
          .containsOnlyKeys("a", "a/no-archive.tar.gz", "a/compressed", "a/broken.tar.gz");
      assertThat(image.history())
          .extracting(line -> line.createdBy())
          .contains("ADD no-archive.tar.gz /a/", "ADD compressed /a/");
    }
  }

  /** Old archives, and those that begin with a label, have no magic where others have theirs. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "--format=v7",
        "-V label --format=gnu",
        "--format=gnu",
        "--format=oldgnu",
        "--format=posix",
        "--format=ustar"
      })
  void addWhenGnuTarWroteTheArchiveUnpacksIt(String options) throws IOException {
    Tools.require("tar");
    host("tree/sub/file", "f");
    Path archive = temp.resolve("gnu.tar");
    String tree = temp.resolve("host/tree").toString();
    Tools.run("sh", "-c", "tar " + options + " -cf " + archive + " -C " + tree + " sub");
    Path packed = temp.resolve("gnu.tar.gz");
    Tools.run("sh", "-c", "gzip -c " + archive + " > " + packed);
    try (WorkingContainer c = container()) {
      Image image = c.add(archive, "/one").add(packed, "/two").commit();
      assertThat(Tars.last(store, image)).containsKeys("one/sub/file", "two/sub/file");
    }
  }

  @Test
  void addWhenAFileOnlyBeginsLikeAHeaderCopiesIt() throws IOException {
    byte[] tar = Files.readAllBytes(archive("tar"));
    byte[] wrongSum = tar.clone();
    wrongSum[0] ^= 1;
    Path host = temp.resolve("host/files");
    Files.createDirectories(host);
    Files.write(host.resolve("sum"), wrongSum);
    Files.write(host.resolve("short"), java.util.Arrays.copyOf(tar, 511));
    Files.write(host.resolve("zeros"), new byte[10_240]);
    Files.write(host.resolve("none"), new byte[0]);
    try (WorkingContainer c = container()) {
      for (String each : List.of("sum", "short", "zeros", "none")) {
        c.add(host.resolve(each), "/a/");
      }
      assertThat(Tars.last(store, c.commit()))
          .containsOnlyKeys("a", "a/sum", "a/short", "a/zeros", "a/none");
    }
  }

  @Test
  void addWhenAnArchivesLinksLeadOutStaysInItsDestination() throws IOException {
    Path archive = temp.resolve("out.tar");
    Files.write(
        archive,
        Tars.of(
            tar -> {
              Tars.link(tar, "up", "..");
              Tars.file(tar, "up/etc/m", 0644, "1");
              Tars.link(tar, "abs", "/etc");
              Tars.file(tar, "abs/n", 0644, "2");
              Tars.link(tar, "passwd", "/etc/passwd");
              tar.put(
                  dev.cooper.oci.layer.TarEntry.hardlink(
                      dev.cooper.oci.ByteString.utf8("hard"),
                      dev.cooper.oci.ByteString.utf8("up/etc/m")));
            }));
    for (boolean mounted : new boolean[] {false, true}) {
      try (WorkingContainer c = container()) {
        if (mounted) {
          c.run("true");
        }
        var last = Tars.last(store, c.add(archive, "/srv/linked").commit());
        assertThat(last.keySet())
            .containsExactlyInAnyOrder(
                "srv",
                "srv/real",
                "srv/real/up",
                "srv/real/abs",
                "srv/real/passwd",
                "srv/real/etc",
                "srv/real/etc/m",
                "srv/real/etc/n",
                "srv/real/hard");
        assertThat(cat(c, "/srv/real/hard")).isEqualTo("1");
      }
    }
  }

  @Test
  void fromWhenAFileIsNoArchiveSaysWhich() throws IOException {
    Path text = host("notes.txt", "this is no tar, whatever its name says ".repeat(100));
    for (ThrowingCallable each :
        List.<ThrowingCallable>of(
            () -> cooper.from(text).close(),
            () -> cooper.importRoot(text),
            () -> cooper.load(text))) {
      assertThatThrownBy(each)
          .isInstanceOf(dev.cooper.oci.CooperException.class)
          .hasMessageContaining(text.toString())
          .hasMessageContaining("expected")
          .message()
          .doesNotContain("checksum");
    }
  }

  @Test
  void addWhenArchiveIsCutOffFailsAndAddsNothing() throws IOException {
    byte[] whole = Files.readAllBytes(archive("tar"));
    Path cut = temp.resolve("cut.tar");
    Files.write(cut, java.util.Arrays.copyOf(whole, 1536 + 100));
    try (WorkingContainer c = container()) {
      assertThatThrownBy(() -> c.add(cut, "/opt")).hasMessageContaining("tar");
      assertThat(c.commit().manifest().layers()).hasSize(1);
    }
  }

  @Test
  void addWhenArchiveHoldsHostileNamesRefusesThem() throws IOException {
    for (String name :
        List.of("../out", "a/../../out", "/../out", ".wh.file", "srv/.wh..wh..opq")) {
      Path hostile = temp.resolve("hostile.tar");
      Files.write(hostile, Tars.of(tar -> Tars.file(tar, "xx", 0644, "x")));
      byte[] bytes = Files.readAllBytes(hostile);
      System.arraycopy(rename(bytes, name), 0, bytes, 0, 512);
      Files.write(hostile, bytes);
      for (boolean mounted : new boolean[] {false, true}) {
        try (WorkingContainer c = container()) {
          if (mounted) {
            c.run("true");
          }
          assertThatThrownBy(() -> c.add(hostile, "/srv"))
              .as(name)
              .isInstanceOf(dev.cooper.oci.CooperException.class);
          assertThat(c.commit().manifest().layers()).as(name).hasSize(1);
        }
      }
    }
  }

  /** A tar's first header with another name, and the checksum that fits. */
  private static byte[] rename(byte[] tar, String name) {
    byte[] header = java.util.Arrays.copyOf(tar, 512);
    java.util.Arrays.fill(header, 0, 100, (byte) 0);
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    System.arraycopy(bytes, 0, header, 0, bytes.length);
    java.util.Arrays.fill(header, 148, 156, (byte) ' ');
    int sum = 0;
    for (byte each : header) {
      sum += each & 0xff;
    }
    byte[] octal = String.format("%06o\0 ", sum).getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(octal, 0, header, 148, 8);
    return header;
  }

  // --- over HTTP

  @ParameterizedTest
  @CsvSource({
    "/files/tool, /opt/, opt/tool",
    "/files/tool, /opt/other, opt/other",
    "/files/tool, /srv/real, srv/real/tool",
    "/files/tool, /srv/linked, srv/real/tool",
    "/files/tool, ., tool",
    "/moved, /opt/x, opt/x",
    "/files/a%20b, /opt/, opt/a b",
  })
  void addWhenUrlAnswersWritesTheFile(String path, String destination, String expected)
      throws IOException {
    try (WorkingContainer c = container()) {
      Image image =
          c.add(url(path), destination, o -> o.checksum(Digest.sha256(BODY).toString())).commit();
      Tars.Found found = Tars.last(store, image).get(expected);
      assertThat(found).as(expected).isNotNull();
      assertThat(found.line()).startsWith("FILE 0600 0:0 7 ");
      assertThat(found.entry().mtimeSeconds()).isEqualTo(LAST_MODIFIED_SECONDS);
      assertThat(image.history().get(image.history().size() - 1).createdBy())
          .isEqualTo("ADD --checksum=" + Digest.sha256(BODY) + " " + url(path) + " " + destination);
    }
  }

  @Test
  void addWhenTheConnectionBreaksReadsTheFileAgain() throws IOException {
    try (WorkingContainer c = container()) {
      Image image = c.add(url("/files/cut"), "/x", o -> o).commit();
      assertThat(Tars.last(store, image).get("x").text()).isEqualTo("served\n");
      assertThat(cut).isTrue();
    }
  }

  @Test
  void addWhenUrlIsBadSaysWhy() throws IOException {
    try (WorkingContainer c = container()) {
      assertThatThrownBy(() -> c.add(url("/none"), "/x", o -> o))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("404")
          .hasMessageContaining("/none");
      String wrong = Digest.sha256(new byte[0]).toString();
      assertThatThrownBy(() -> c.add(url("/files/x"), "/x", o -> o.checksum(wrong)))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining(wrong)
          .hasMessageContaining(Digest.sha256(BODY).toString());
      assertThatThrownBy(() -> c.add(url("/files/x"), "/x", o -> o.checksum("md5:1")))
          .isInstanceOf(RuntimeException.class)
          .hasMessageContaining("md5");
      assertThatThrownBy(() -> c.add(url("/files/"), "/srv", o -> o))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("names no file");
      assertThatThrownBy(() -> c.add(url("/files/.."), "/srv", o -> o))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("names no file");
      assertThatThrownBy(() -> c.add(URI.create("file:///etc/passwd"), "/x", o -> o))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("http");
      assertThatThrownBy(() -> c.add(URI.create("http://u:canary@localhost/x"), "/x", o -> o))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("credentials")
          .message()
          .doesNotContain("canary");
      server.stop(0);
      assertThatThrownBy(() -> c.add(url("/files/x"), "/x", o -> o))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("/files/x");
      assertThat(c.commit().manifest().layers()).hasSize(1);
    }
  }

  @Test
  void addWhenUrlHasAQueryKeepsItOutOfHistoryAndEvents() throws IOException {
    try (WorkingContainer c = container()) {
      Image image = c.add(url("/files/tool?token=canary"), "/x", o -> o).commit();
      assertThat(image.history().toString()).doesNotContain("canary");
      assertThat(events.toString()).doesNotContain("canary").contains("ADD");
    }
  }

  private Path archive(String suffix) throws IOException {
    Path plain = temp.resolve("archive.tar");
    Files.write(
        plain,
        Tars.of(
            tar -> {
              Tars.directory(tar, "dir", 0755);
              byte[] text = "text\n".getBytes(StandardCharsets.UTF_8);
              tar.begin(
                  dev.cooper.oci.layer.TarEntry.file(
                          dev.cooper.oci.ByteString.utf8("dir/file"), 0640, text.length)
                      .withOwner(5, 6));
              tar.write(text, 0, text.length);
              tar.end();
              tar.put(
                  dev.cooper.oci.layer.TarEntry.hardlink(
                      dev.cooper.oci.ByteString.utf8("hard"),
                      dev.cooper.oci.ByteString.utf8("dir/file")));
              Tars.link(tar, "link", "dir/file");
            }));
    String[] packer =
        switch (suffix) {
          case "tar.gz" -> new String[] {"gzip"};
          case "tar.bz2" -> new String[] {"bzip2"};
          case "tar.xz" -> new String[] {"xz"};
          case "tar.zst" -> new String[] {"zstd", "-q"};
          default -> new String[0];
        };
    if (packer.length == 0) {
      return plain;
    }
    Tools.require(packer[0]);
    Path packed = temp.resolve("archive." + suffix);
    Tools.run("sh", "-c", String.join(" ", packer) + " -c " + plain + " > " + packed);
    return packed;
  }

  @Test
  void copyWhenAChecksumIsGivenForNoDownloadRefuses() throws IOException {
    Path file = host("file", "f");
    String right = Digest.sha256("f".getBytes(StandardCharsets.UTF_8)).toString();
    UnaryOperator<CopyOptions> checked = o -> o.checksum(right);
    try (WorkingContainer c = container()) {
      for (ThrowingCallable each :
          List.<ThrowingCallable>of(
              () -> c.add(file, "/x", checked),
              () -> c.copy(file, "/x", checked),
              () -> c.copy(List.of(file), "/x", checked),
              () -> c.copyFrom(busybox(), "/srv/file", "/x", checked),
              () -> c.write("/x", "f", checked))) {
        assertThatThrownBy(each)
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining(right)
            .hasMessageContaining("add(URI");
      }
      assertThat(c.commit().manifest().layers()).hasSize(1);
    }
  }
}

package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.Cooper;
import dev.cooper.Image;
import dev.cooper.command.Ids;
import dev.cooper.oci.ByteString;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.oci.layer.TarWriter;
import dev.cooper.oci.layout.DurableFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * An ordinary user who has no id but one: as root another JVM runs as such a user, who has no
 * subordinate ids; as an ordinary user this one's, whatever subordinate ids there are.
 */
class SingleIdIT {
  private Path temp;

  @BeforeEach
  void make() throws IOException {
    temp = Files.createTempDirectory("cooper-single-").toRealPath();
    Files.write(temp.resolve("base.tar"), base());
    Path copied = Files.createDirectory(temp.resolve("copied"));
    Files.writeString(copied.resolve("file"), "copied\n");
    Tools.run("chmod", "0644", copied.resolve("file").toString());
    Tools.run("chmod", "0755", copied.toString());
  }

  @AfterEach
  void remove() throws IOException {
    if (temp != null) {
      DurableFiles.deleteTree(temp); // nothing in it is anybody's but ours
    }
  }

  private static byte[] base() throws IOException {
    byte[] program = Files.readAllBytes(Path.of("/bin/busybox"));
    return Tars.of(
        tar -> {
          Tars.directory(tar, "bin", 0755);
          Tars.file(tar, "bin/busybox", 0755, program);
          for (String applet :
              List.of("sh", "touch", "mkdir", "ln", "mv", "rm", "id", "cut", "chown", "chmod")) {
            Tars.link(tar, "bin/" + applet, "busybox");
          }
          Tars.directory(tar, "etc", 0755);
          Tars.file(tar, "etc/passwd", 0644, "root:x:0:0::/:/bin/sh\napp:x:1000:1001::/:/bin/sh\n");
          tar.put(TarEntry.directory(ByteString.utf8("app"), 0755).withOwner(33, 34));
          tar.put(TarEntry.directory(ByteString.utf8("app/sub"), 0755).withOwner(7, 8));
          tar.put(TarEntry.directory(ByteString.utf8("app/dir"), 0700).withOwner(9, 10));
          owned(tar, "app/dir/in", 0600, 11, 12);
          owned(tar, "app/data", 0640, 1000, 1001);
          owned(tar, "app/tool", 0755, 0, 5);
          owned(tar, "app/gone", 0644, 1, 1);
        });
  }

  private static void owned(TarWriter tar, String path, int mode, long uid, long gid)
      throws IOException {
    byte[] content = path.getBytes(StandardCharsets.UTF_8);
    tar.begin(
        TarEntry.file(ByteString.utf8(path), mode, content.length)
            .withOwner(uid, gid)
            .withMtime(1_600_000_000L, 0));
    tar.write(content, 0, content.length);
    tar.end();
  }

  /** What a build with these ids prints, in another JVM. */
  private List<String> build(Ids ids, String directory) throws IOException {
    OrdinaryUser nobody = OrdinaryUser.nobody(temp);
    boolean single = ids == Ids.SINGLE;
    Path own = temp.resolve(directory);
    own = single ? nobody.directory(own) : Files.createDirectory(own);
    String[] arguments = {ids.toString(), temp.toString(), own.toString()};
    List<String> command =
        single
            ? nobody.command(SingleIdMain.class, arguments)
            : ChildJvm.command(List.of(), SingleIdMain.class, arguments);
    // Without newuidmap, which nothing here may need.
    Map<String, String> environment = single ? Map.of("PATH", "/nowhere") : Map.of();
    Tools.Ended ended = Tools.attempt(environment, command.toArray(new String[0]));
    assertThat(ended.status()).as(ended.output()).isZero();
    return ended.output().lines().toList();
  }

  @Test
  void buildWithASingleIdIsTheSameImageAndKeepsEveryOwner() throws IOException {
    Tools.require("busybox");
    List<String> single = build(Ids.SINGLE, "own");
    List<String> mapped = build(Ids.MAPPED, "mapped");
    assertThat(single).containsSubsequence(mapped);
    assertThat(mapped).hasSize(2).allMatch(line -> line.matches("(base|image) [0-9a-f:sh]+"));
    assertThat(single).noneMatch(line -> line.startsWith("notice"));
    assertThat(owners(temp.resolve("own/saved-SINGLE")))
        .containsEntry("app/data", "1000:1001")
        .containsEntry("app/again", "1000:1001")
        .containsEntry("app/tool", "0:5")
        .containsEntry("app/dir", "9:10")
        .containsEntry("app/moved", "11:12")
        .containsEntry("app/copied/file", "1000:1001")
        .containsEntry("app/sub", "7:8") // was there
        .containsEntry("app/sub/file", "0:0")
        .containsEntry("own", "0:0");
  }

  @Test
  void whatNeedsAnotherIdSaysSo() throws IOException {
    List<String> said = build(Ids.SINGLE, "own");
    assertThat(said)
        .anyMatch(line -> line.startsWith("chown ") && line.contains("Invalid argument"))
        .anyMatch(
            line ->
                line.startsWith("user ")
                    && line.contains("1000:1001")
                    && line.contains("Ids.SINGLE")
                    && line.contains("mapped ids"))
        .anyMatch(line -> line.startsWith("reopened ") && line.contains("of a single id"))
        .contains(
            "probe subordinate ids true",
            "probe overlay true",
            "probe network none true",
            "probe namespaces true");
  }

  @Test
  void rootWhoHasEveryIdIsToldSo() throws IOException {
    Tools.requireRoot("root's own ids");
    try (Cooper cooper = Cooper.builder().store(temp.resolve("store")).ids(Ids.SINGLE).build()) {
      Image base = cooper.importRoot(temp.resolve("base.tar"));
      assertThatThrownBy(() -> cooper.from(base).run("true"))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("root has every id")
          .hasMessageContaining("Ids.MAPPED");
    }
  }

  private static Map<String, String> owners(Path archive) throws IOException {
    Path layout = Files.createDirectory(archive.resolveSibling("layout"));
    Tools.run("tar", "-xf", archive.toString(), "-C", layout.toString());
    Map<String, String> owners = new HashMap<>();
    for (Descriptor layer : Layouts.manifest(layout).layers()) {
      Tars.read(Files.newInputStream(Layouts.blob(layout, layer)))
          .forEach(
              (path, found) -> owners.put(path, found.entry().uid() + ":" + found.entry().gid()));
    }
    return owners;
  }
}

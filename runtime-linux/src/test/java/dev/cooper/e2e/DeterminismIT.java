package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.Cooper;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.oci.layout.Validator;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The same steps on the same inputs give the same bytes, whatever is around them. */
class DeterminismIT extends EndToEnd {
  private static final List<String> NAMES =
      List.of("a", "b", "B", "z", "Z", "é", "10", "9", "sub/x", "sub-x", "sub.x", "drop.tmp");

  /** As in Debian's ca-certificates. */
  private static final String CERTIFICATE =
      "usr/share/ca-certificates/NetLock_Arany_=Class_Gold=_Főtanúsítvány.crt";

  @Test
  void commitWhenTheSurroundingsDifferGivesTheSameDigest() throws IOException {
    String first =
        build("one", NAMES, "umask 022", Map.of("TZ", "UTC", "LC_ALL", "C.UTF-8"), List.of());
    List<String> backwards = new ArrayList<>(NAMES);
    Collections.reverse(backwards);
    String second =
        build(
            "another/place",
            backwards,
            "umask 077",
            Map.of("TZ", "Pacific/Chatham", "LC_ALL", "C", "LANG", ""),
            List.of(
                "-Duser.language=tr",
                "-Duser.country=TR",
                "-Duser.timezone=Asia/Kathmandu",
                "-Djava.io.tmpdir=" + Files.createDirectories(temp.resolve("tmp"))));
    assertThat(second).isEqualTo(first);
    String third =
        build(
            "third",
            NAMES,
            "unset LANG LC_ALL LC_CTYPE; umask 022",
            Map.of(),
            List.of("-Dfile.encoding=ISO-8859-1"));
    assertThat(third).isEqualTo(first);
    assertThat(first).startsWith("sha256:");
  }

  private String build(
      String place,
      List<String> names,
      String umask,
      Map<String, String> environment,
      List<String> options)
      throws IOException {
    Path directory = Files.createDirectories(temp.resolve(place));
    Path sources = Files.createDirectories(directory.resolve("sources"));
    // Through the shell: this JVM's locale may have no é.
    for (String name : names) {
      Tools.run(
          "sh",
          "-c",
          "mkdir -p \"$(dirname \"$1\")\"; printf %s \"$2\" > \"$1\"; chmod 640 \"$1\";"
              + " chmod 755 \"$(dirname \"$1\")\"",
          "sh",
          sources + "/" + name.replace("é", "e-acute"),
          name);
    }
    Tools.run(
        "sh",
        "-c",
        "mv \"$1/e-acute\" \"$1/$(printf '\\303\\251')\";"
            + " printf x > \"$1/$(printf 'latin1-\\351')\"; chmod 640 \"$1\"/latin1*;"
            + " find \"$1\" -exec touch -h -d @1500000000 {} +",
        "sh",
        sources.toString());
    Path base = directory.resolve("base.tar");
    Tools.run(
        "sh",
        "-ec",
        "cd \"$(mktemp -d -p \"$1\")\"; mkdir -p usr/share/ca-certificates;"
            + " echo x > \"$(printf \"$2\")\"; touch -d @1500000000 usr/share/ca-certificates/*;"
            + " cp \"$3\" \"$4\"; tar --owner=0 --group=0 -rf \"$4\" usr/share/ca-certificates/*",
        "sh",
        directory.toString(),
        octal(CERTIFICATE),
        busyboxTar().toString(),
        base.toString());
    Path childStore = directory.resolve("store");
    List<String> command = new ArrayList<>(List.of("sh", "-c", umask + "; exec \"$@\"", "sh"));
    command.addAll(
        ChildJvm.command(
            options, Recipe.class, childStore.toString(), base.toString(), sources.toString()));
    Tools.Ended ended = Tools.attempt(environment, command.toArray(new String[0]));
    assertThat(ended.status()).as(ended.output()).isZero();
    try (Cooper child = builder().store(childStore).build()) {
      assertThat(Validator.validate(childStore)).isEmpty();
      Image image = child.image("made:1");
      assertThat(Tars.last(childStore, image))
          .containsKeys(
              "sources/Ã©",
              "sources/latin1-é",
              new String(CERTIFICATE.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1))
          .doesNotContainKey("sources/drop.tmp");
      child.images().forEach(Image::remove);
    }
    return ended.output();
  }

  /** A name in ASCII, as printf reads it: this JVM's locale may have none of its letters. */
  private static String octal(String name) {
    StringBuilder octal = new StringBuilder();
    for (byte each : name.getBytes(StandardCharsets.UTF_8)) {
      octal.append(each > 0 ? String.valueOf((char) each) : String.format("\\%03o", each & 0xff));
    }
    return octal.toString();
  }

  @Test
  void commitWhenFilesWereMadeInAnotherOrderGivesTheSameLayer() throws IOException {
    List<Image> images = new ArrayList<>();
    for (String order : List.of("a b c d e f g h", "h g f e d c b a", "d h a c b g e f")) {
      try (WorkingContainer c = container()) {
        c.run("mkdir /d; for i in " + order + "; do echo x > /d/$i; done");
        images.add(c.history("made").commit(o -> o.reproducible(NOW)));
      }
    }
    assertThat(images)
        .extracting(image -> image.manifest().layers())
        .containsOnly(images.get(0).manifest().layers());
  }

  @Test
  void copyWhenHostsUmaskAndDirectoryTimesDifferGivesTheSameLayer() throws IOException {
    List<Object> layers = new ArrayList<>();
    for (String place : List.of("one", "two")) {
      host(place + "/src/file", "f");
      Path source = temp.resolve("host").resolve(place).resolve("src");
      Files.setPosixFilePermissions(
          source, PosixFilePermissions.fromString(place.equals("one") ? "rwxr-xr-x" : "rwx------"));
      Files.setPosixFilePermissions(
          source.resolve("file"), PosixFilePermissions.fromString("rw-r--r--"));
      for (Path each : Arrays.asList(source.resolve("file"), source)) {
        Files.setLastModifiedTime(each, FileTime.from(Instant.ofEpochSecond(1_500_000_000)));
      }
      try (WorkingContainer c = container()) {
        layers.add(c.copy(source, "/to").commit().digest());
      }
    }
    assertThat(layers.get(0)).isEqualTo(layers.get(1));
  }
}

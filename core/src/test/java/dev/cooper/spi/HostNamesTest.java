package dev.cooper.spi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.oci.ByteString;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostNamesTest {
  @TempDir Path directory;

  @Test
  void bytesWhenNamesAreOfAnyKindAreTheirOwn() throws Exception {
    ByteString here = HostNames.bytes(directory);
    assertThat(here.toString()).isEqualTo(directory.toAbsolutePath().toString());
    for (String name : new String[] {"plain", "a b%20+", "\\374\\012x", "gr\\303\\274n", "d/"}) {
      Path made = made(name);
      String expected = here.latin1() + "/" + octal(name.replace("/", ""));
      assertThat(HostNames.bytes(made).latin1()).as(name).isEqualTo(expected);
    }
    assertThat(HostNames.bytes(Path.of("/")).toString()).isEqualTo("/");
    assertThat(HostNames.bytes(Path.of("x")))
        .isEqualTo(HostNames.bytes(Path.of("").toAbsolutePath().resolve("x")));
  }

  /** Makes a file or directory by a name of octal escapes, as the only one of the directory. */
  private Path made(String name) throws Exception {
    String make = name.endsWith("/") ? "mkdir" : "touch";
    Process process =
        new ProcessBuilder(
                "sh", "-c", "rm -rf -- *; " + make + " \"$(printf '%b' \"$1\")\"", "sh", b(name))
            .directory(directory.toFile())
            .inheritIO()
            .start();
    assertThat(process.waitFor()).isZero();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(directory)) {
      return all.iterator().next();
    } catch (IOException e) {
      throw new AssertionError(name, e);
    }
  }

  /** As printf's %b wants octal escapes: with a zero in front. */
  private static String b(String name) {
    return name.replace("\\", "\\0");
  }

  private static String octal(String name) {
    StringBuilder bytes = new StringBuilder();
    for (int i = 0; i < name.length(); i++) {
      if (name.charAt(i) == '\\') {
        bytes.append((char) Integer.parseInt(name.substring(i + 1, i + 4), 8));
        i += 3;
      } else {
        bytes.append(name.charAt(i));
      }
    }
    return bytes.toString();
  }
}

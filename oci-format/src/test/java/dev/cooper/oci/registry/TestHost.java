package dev.cooper.oci.registry;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;

/**
 * A machine in a directory.
 *
 * <pre>
 * root/etc/containers, root/etc/docker, root/run/containers/1000, root/var
 * home/.config, home/.docker
 * bin                                   the PATH, with sh and cat from the real one
 * </pre>
 */
final class TestHost {
  static final int UID = 1000;

  final Path directory;
  final Map<String, String> variables = new HashMap<>();
  int uid = UID;

  TestHost(Path directory) {
    this.directory = directory;
    variables.put("PATH", directory.resolve("bin").toString());
  }

  HostEnvironment environment() {
    return new HostEnvironment(
        variables, directory.resolve("home"), directory.resolve("root"), uid);
  }

  /** Writes a file and its directories. */
  Path write(String path, String content) {
    try {
      Path file = directory.resolve(path);
      Files.createDirectories(file.getParent());
      return Files.writeString(file, content, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A credential helper: a script that gets the server's name in {@code $server}. */
  Path helper(String name, String script) throws IOException {
    Path file =
        write(
            "bin/docker-credential-" + name,
            "#!/bin/sh\n[ \"$1\" = get ] || exit 9\nread -r server\n" + script + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    return file;
  }

  static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }
}

package dev.cooper.linux;

import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The files of /etc that a container gets from outside, and never commits. */
final class EtcFiles {
  static final List<String> NAMES = List.of("hostname", "hosts", "resolv.conf");

  private EtcFiles() {}

  /** Writes them into a working container's own directory. */
  static void write(Path directory, String hostname, boolean hostNetwork) {
    Path etc = directory.resolve("etc");
    try {
      Files.createDirectories(etc);
      put(etc.resolve("hostname"), hostname + "\n");
      put(etc.resolve("hosts"), hosts(hostname, hostNetwork));
      put(etc.resolve("resolv.conf"), hostNetwork ? host("/etc/resolv.conf") : "");
    } catch (IOException e) {
      throw new OperationException(
          "cannot write the container's hosts, hostname and resolv.conf in " + etc, e);
    }
  }

  private static void put(Path file, String content) throws IOException {
    Files.writeString(file, content, StandardCharsets.ISO_8859_1);
  }

  private static String hosts(String hostname, boolean hostNetwork) throws IOException {
    String known =
        hostNetwork
            ? host("/etc/hosts")
            : "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n";
    String ended = known.isEmpty() || known.endsWith("\n") ? known : known + "\n";
    return ended + "127.0.0.1\t" + hostname + "\n";
  }

  private static String host(String file) throws IOException {
    Path path = Path.of(file);
    return Files.isReadable(path) ? Files.readString(path, StandardCharsets.ISO_8859_1) : "";
  }
}

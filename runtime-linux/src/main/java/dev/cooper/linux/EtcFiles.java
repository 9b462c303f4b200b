package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;
import dev.cooper.spi.ProcessMount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The files of /etc that a container gets from outside, in memory, and never commits. */
final class EtcFiles {
  static final List<String> NAMES = List.of("hostname", "hosts", "resolv.conf");

  private EtcFiles() {}

  /** What they say for one process. */
  static List<ProcessMount.Memory> of(String hostname, boolean hostNetwork) {
    try {
      return List.of(
          file("hostname", hostname + "\n"),
          file("hosts", hosts(hostname, hostNetwork)),
          file("resolv.conf", hostNetwork ? host("/etc/resolv.conf") : ""));
    } catch (IOException e) {
      throw new OperationException("cannot read the host's network settings: " + e, e);
    }
  }

  private static ProcessMount.Memory file(String name, String content) {
    return new ProcessMount.Memory("/etc/" + name, new ByteString(content), 0, 0, 0644);
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
    return Files.isReadable(path) ? ProcFile.text(path) : "";
  }
}

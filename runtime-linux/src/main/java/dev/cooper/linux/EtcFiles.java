package dev.cooper.linux;

import dev.cooper.command.Network;
import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;
import dev.cooper.spi.ProcessMount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** The files of /etc that a container gets from outside, in memory, and never commits. */
final class EtcFiles {
  static final List<String> NAMES = List.of("hostname", "hosts", "resolv.conf");

  private static final String LOOPBACK = "127.0.0.1";
  private static final String OWN_HOSTS =
      "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n";

  private EtcFiles() {}

  /** What they say for one process. */
  static List<ProcessMount.Memory> of(String hostname, Network network) {
    try {
      return List.of(
          file("hostname", hostname + "\n"),
          file("hosts", hosts(hostname, network)),
          file("resolv.conf", resolver(network)));
    } catch (IOException e) {
      throw new OperationException("cannot read the host's network settings: " + e, e);
    }
  }

  private static ProcessMount.Memory file(String name, String content) {
    return new ProcessMount.Memory("/etc/" + name, new ByteString(content), 0, 0, 0644);
  }

  /** Who asks takes a name's first line, so what was asked for comes first. */
  private static String hosts(String hostname, Network network) throws IOException {
    StringBuilder lines = new StringBuilder();
    for (Network.Host host : network.hosts()) {
      lines.append(host.address()).append('\t').append(host.name()).append('\n');
    }
    boolean ofHost = network.mode() == Network.Mode.HOST;
    String known = ofHost ? host("/etc/hosts") : OWN_HOSTS;
    lines.append(known).append(known.isEmpty() || known.endsWith("\n") ? "" : "\n");
    String own = network.mode() == Network.Mode.PRIVATE ? NetworkTool.ADDRESS : LOOPBACK;
    return lines.append(own).append('\t').append(hostname).append('\n').toString();
  }

  private static String resolver(Network network) throws IOException {
    String ofHost = network.mode() == Network.Mode.NONE ? "" : host("/etc/resolv.conf");
    List<String> servers =
        network.dnsServers().isEmpty() && network.mode() == Network.Mode.PRIVATE
            ? List.of(NetworkTool.NAME_SERVER)
            : network.dnsServers();
    if (servers.isEmpty() && network.dnsSearch().isEmpty() && network.dnsOptions().isEmpty()) {
      return ofHost;
    }
    List<String> lines = new ArrayList<>(ofHost.lines().toList());
    replace(lines, List.of("nameserver"), each("nameserver ", servers));
    replace(lines, List.of("search", "domain"), joined("search ", network.dnsSearch()));
    replace(lines, List.of("options"), joined("options ", network.dnsOptions()));
    return String.join("\n", lines) + "\n";
  }

  private static void replace(List<String> lines, List<String> keywords, List<String> by) {
    if (!by.isEmpty()) {
      Predicate<String> concerned = line -> keywords.contains(line.strip().split("\\s", 2)[0]);
      lines.removeIf(concerned);
      lines.addAll(by);
    }
  }

  private static List<String> each(String keyword, List<String> values) {
    return values.stream().map(keyword::concat).toList();
  }

  private static List<String> joined(String keyword, List<String> values) {
    return values.isEmpty() ? List.of() : List.of(keyword + String.join(" ", values));
  }

  private static String host(String file) throws IOException {
    Path path = Path.of(file);
    return Files.isReadable(path) ? ProcFile.text(path) : "";
  }
}

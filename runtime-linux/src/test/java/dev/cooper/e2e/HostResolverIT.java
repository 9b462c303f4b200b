package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Names looked up in a private network, by the name server of a host that is made for the test.
 *
 * <pre>
 * a network namespace                        a private network
 *   lo     127.0.0.53   the name server,       tap0   10.0.2.100
 *   out0   192.0.2.1    at one of the two      /etc/resolv.conf   nameserver 10.0.2.3
 *   /etc/resolv.conf    nameserver of these
 * </pre>
 */
class HostResolverIT {
  private static final String NAME = "answered.example";
  private static final String ADDRESS = "198.51.100.7";

  private Path temp;

  @BeforeEach
  void make() throws IOException {
    NetworkIT.requirePrivate();
    Tools.requireRoot("a host of its own is made");
    Tools.require("pasta", "slirp4netns", "unshare", "busybox");
    temp = Files.createTempDirectory("cooper-resolver-").toRealPath();
    Tools.run("chmod", "a+rx", temp.toString());
    Tools.run("chmod", "a+r", PodMain.base(temp).toString());
  }

  @AfterEach
  void remove() {
    if (temp != null) {
      Tools.run("rm", "-rf", temp.toString());
    }
  }

  /** Runs a program where the host has that name server, and lacks that tool. */
  private String onAHost(String hidden, String server, List<String> program) throws IOException {
    Path resolver =
        Files.writeString(
            temp.resolve("resolv.conf"), "nameserver " + server + "\nsearch invalid\n");
    Tools.run("chmod", "a+r", resolver.toString());
    String script =
        String.join(
            "\n",
            "mount --bind " + resolver + " $(readlink -f /etc/resolv.conf)",
            "mount --bind /dev/null $(command -v " + hidden + ")",
            "echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start",
            "busybox ip link set lo up",
            "busybox tunctl -t out0 >/dev/null",
            "busybox ip addr add 192.0.2.1/24 dev out0",
            "busybox ip link set out0 up",
            "busybox ip route add default via 192.0.2.254",
            "exec \"$@\"");
    List<String> command =
        new ArrayList<>(List.of("unshare", "-m", "-n", "sh", "-ec", script, "sh"));
    command.addAll(program);
    return Tools.run(command.toArray(new String[0]));
  }

  @ParameterizedTest
  @CsvSource({
    "pasta,192.0.2.1",
    "pasta,127.0.0.53",
    "slirp4netns,192.0.2.1",
    "slirp4netns,127.0.0.53"
  })
  void runWhenPrivateLooksNamesUpAtTheHostsNameServer(String tool, String server)
      throws IOException {
    OrdinaryUser user = new OrdinaryUser(temp);
    String base = temp.resolve("base.tar").toString();
    String own = user.directory(temp.resolve("own")).resolve("store").toString();
    String other = tool.equals("pasta") ? "slirp4netns" : "pasta";
    List<List<String>> programs =
        List.of(
            ChildJvm.command(
                List.of(),
                ResolveRun.class,
                temp.resolve("store").toString(),
                base,
                server,
                NAME,
                ADDRESS),
            user.command(ResolveRun.class, own, base, server, NAME, ADDRESS));
    for (List<String> program : programs) {
      String said = onAHost(other, server, program);
      assertThat(said)
          .contains("nameserver 10.0.2.3\n", "search invalid\n")
          .doesNotContain("nameserver " + server)
          .contains("Name:\t" + NAME + "\nAddress: " + ADDRESS)
          .contains("can't find other." + NAME + ": NXDOMAIN")
          .contains("asked [" + NAME);
    }
  }
}

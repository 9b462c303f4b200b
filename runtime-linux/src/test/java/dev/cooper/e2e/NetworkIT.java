package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.Cooper;
import dev.cooper.RunningCommand;
import dev.cooper.WorkingContainer;
import dev.cooper.command.Command;
import dev.cooper.command.Network;
import dev.cooper.command.Security;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Networks through the public API. */
class NetworkIT extends EndToEnd {
  static void requirePrivate() {
    Tools.require("pasta");
    if (!Files.isWritable(Path.of("/dev/net/tun"))) {
      Tools.missing("this user cannot open /dev/net/tun");
    }
  }

  /** What an HTTP server at the host's loopback says; nothing if it takes no request yet. */
  static String get(int port) {
    try (Socket socket = new Socket(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), port)) {
      socket.setSoTimeout(5000);
      socket
          .getOutputStream()
          .write("GET /page HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      try (InputStream in = socket.getInputStream()) {
        return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
      }
    } catch (IOException e) {
      return "";
    }
  }

  @Test
  void startWhenAPortIsPublishedAnswersAtTheHostsLoopback() throws Exception {
    requirePrivate();
    try (WorkingContainer c = container()) {
      c.write("/srv/www/page", "served inside\n");
      Command server =
          Command.exec("/bin/httpd", "-f", "-p", "80", "-h", "/srv/www")
              .network(Network.PRIVATE.publish(0, 80));
      try (RunningCommand running = c.start(server)) {
        int port = running.port(80);
        assertThat(running.awaitPort(80, Duration.ofSeconds(30))).isEqualTo(port);
        assertThat(get(port)).endsWith("served inside\n");
        assertThatThrownBy(() -> running.port(81))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("81 is not published");
      }
    }
  }

  @Test
  void runWhenNamesAreGivenKnowsThemAndCommitsNone() throws IOException {
    Network named =
        Network.HOST
            .addHost("localhost", "192.0.2.9")
            .addHost("db.example", "2001:db8::7")
            .dns("192.0.2.53", "2001:db8::53")
            .dnsSearch("a.example", "b.example")
            .dnsOption("ndots:2");
    String show = "cat /etc/hosts /etc/resolv.conf";
    try (Cooper other = builder().network(named).build();
        WorkingContainer c = other.from(busyboxTar())) {
      String said = c.exec(Command.shell(show)).out();
      assertThat(said)
          .startsWith("192.0.2.9\tlocalhost\n2001:db8::7\tdb.example\n")
          .contains("nameserver 192.0.2.53\nnameserver 2001:db8::53\n")
          .contains("search a.example b.example\n", "options ndots:2\n");
      String none =
          c.exec(Command.shell(show).network(Network.NONE.addHost("x", "192.0.2.1"))).out();
      assertThat(none).startsWith("192.0.2.1\tx\n127.0.0.1\tlocalhost\n").doesNotContain("search");
      c.run("touch /mark");
      c.commit("names");
    }
    try (WorkingContainer again = cooper.from("names")) {
      assertThat(again.exec(Command.shell("cat /etc/hosts").network(Network.NONE)).out())
          .doesNotContain("192.0.2.9");
      assertThat(again.exec(Command.shell("ls /mark")).out()).isEqualTo("/mark\n");
    }
  }

  @Test
  void runWhenPrivateHasNoRightToSendFramesOfItsOwnUnlessAsked() throws IOException {
    requirePrivate();
    Command bounding =
        Command.shell("grep CapBnd /proc/self/status | cut -f2").network(Network.PRIVATE);
    try (WorkingContainer c = container()) {
      assertThat(c.exec(bounding).out()).isEqualTo("00000000a80405fb\n");
      assertThat(c.exec(bounding.security(Security.DEFAULT.capAdd("NET_RAW"))).out())
          .isEqualTo("00000000a80425fb\n");
    }
  }

  /** Whichever of the two leads out, bytes go both ways through what is published. */
  @ParameterizedTest
  @ValueSource(strings = {"pasta", "slirp4netns"})
  void startWhenAPortIsPublishedPassesBytesBothWays(String program) throws IOException {
    requirePrivate();
    Tools.require("pasta", "slirp4netns", "unshare");
    Tools.requireRoot("the other program is hidden by a mount");
    String other = program.equals("pasta") ? "slirp4netns" : "pasta";
    List<String> command = new ArrayList<>(List.of("unshare", "-m", "sh", "-c"));
    command.add("mount --bind /dev/null $(command -v " + other + ") && exec \"$@\"");
    command.add("sh");
    command.addAll(
        ChildJvm.command(List.of(), PublishRun.class, store.toString(), busyboxTar().toString()));
    assertThat(Tools.run(command.toArray(new String[0])))
        .contains("from inside\n", "inet 10.0.2.100/24", "from outside\n", "ended with 0");
  }

  @Test
  void runWhenOnlySlirp4netnsIsInstalledReachesTheHostsLoopbackNoMore() throws IOException {
    requirePrivate();
    Tools.require("slirp4netns", "unshare");
    Tools.requireRoot("pasta is hidden by a mount");
    try (ServerSocket loopback =
        new ServerSocket(0, 50, InetAddress.getByAddress(new byte[] {127, 0, 0, 1}))) {
      StringBuilder script = new StringBuilder("ip -4 addr show tap0 | grep inet; ");
      for (String place : List.of("127.0.0.1", "10.0.2.2", "10.0.2.3", "10.0.2.100")) {
        script.append("timeout 1 nc -w 1 ").append(place).append(' ');
        script.append(loopback.getLocalPort()).append(" </dev/null && echo reached; ");
      }
      List<String> command = new ArrayList<>(List.of("unshare", "-m", "sh", "-c"));
      command.add("mount --bind /dev/null $(command -v pasta) && exec \"$@\"");
      command.add("sh");
      command.addAll(
          ChildJvm.command(
              List.of(),
              PrivateRun.class,
              store.toString(),
              busyboxTar().toString(),
              script.append("true").toString()));
      assertThat(Tools.run(command.toArray(new String[0])))
          .contains("inet 10.0.2.100/24")
          .doesNotContain("reached");
      loopback.setSoTimeout(100);
      assertThatThrownBy(loopback::accept).isInstanceOf(SocketTimeoutException.class);
    }
  }
}

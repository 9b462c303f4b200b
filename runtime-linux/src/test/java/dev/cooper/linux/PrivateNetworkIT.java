package dev.cooper.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.command.Network;
import dev.cooper.oci.OperationException;
import dev.cooper.spi.Rootfs;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A network of a container's own: what it reaches, who reaches it, and what is left of it. */
@Timeout(60)
final class PrivateNetworkIT {
  @RegisterExtension static final BusyboxHost HOST = new BusyboxHost();

  private static final String CANARY = "the host answers";

  @BeforeAll
  static void requireTools() {
    Path tun = Path.of("/dev/net/tun");
    BusyboxHost.require(Files.isWritable(tun), "this user cannot open " + tun);
    for (NetworkTool.Kind kind : NetworkTool.Kind.values()) {
      BusyboxHost.require(installed(kind).isPresent(), kind + " is not installed");
    }
  }

  private static Optional<NetworkTool> installed(NetworkTool.Kind kind) {
    return Optional.of(
            Path.of("/usr/bin", kind == NetworkTool.Kind.PASTA ? "pasta" : "slirp4netns"))
        .filter(Files::isExecutable)
        .map(path -> new NetworkTool(kind, path));
  }

  /** Answers each connection with the canary, until it is closed. */
  private static ServerSocket answering(InetAddress address) throws IOException {
    ServerSocket server = new ServerSocket(0, 50, address);
    Thread thread =
        new Thread(
            () -> {
              while (!server.isClosed()) {
                try (Socket socket = server.accept()) {
                  socket
                      .getOutputStream()
                      .write((CANARY + "\n").getBytes(StandardCharsets.US_ASCII));
                } catch (IOException e) {
                  assertThat(e).isNotNull(); // closed by the test, or by a client that left
                }
              }
            });
    thread.setDaemon(true);
    thread.start();
    return server;
  }

  private static InetAddress address(int... bytes) throws IOException {
    byte[] address = new byte[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      address[i] = (byte) bytes[i];
    }
    return InetAddress.getByAddress(address);
  }

  private static InetAddress outer() throws IOException {
    Optional<InetAddress> found =
        NetworkInterface.networkInterfaces()
            .flatMap(NetworkInterface::inetAddresses)
            .filter(each -> each.getAddress().length == 4 && !each.isLoopbackAddress())
            .findFirst();
    BusyboxHost.require(found.isPresent(), "this machine has no address but its loopback's");
    return found.orElseThrow();
  }

  private static String fetch(String address, int port) {
    return "timeout 1 nc " + address + " " + port + " </dev/null | head -n 1; ";
  }

  @Test
  void runWhenPrivateReachesTheHostsOtherAddressesButNotItsLoopback() throws IOException {
    InetAddress outer = outer();
    try (ServerSocket loopback = answering(address(127, 0, 0, 1));
        ServerSocket other = answering(outer);
        Rootfs root = HOST.root()) {
      Runner runner = Runner.in(root).network(Network.PRIVATE);
      Run run = runner.sh(fetch(outer.getHostAddress(), other.getLocalPort()));
      assertThat(run.out()).as("%s", run).isEqualTo(CANARY + "\n");
      StringBuilder attempts = new StringBuilder();
      for (String place :
          List.of("127.0.0.1", "10.0.2.2", "10.0.2.3", "10.0.2.100", outer.getHostAddress())) {
        attempts.append(fetch(place, loopback.getLocalPort()));
      }
      run = Runner.in(root).network(Network.PRIVATE).sh(attempts.toString());
      assertThat(run.out()).as("%s", run).isEmpty();
    }
  }

  @Test
  void runWhenPrivateHasAnAddressARouteAndNamesOfItsOwn() throws IOException {
    try (Rootfs root = HOST.root()) {
      String own = Files.readSymbolicLink(Path.of("/proc/self/ns/net")).toString();
      Run run =
          Runner.in(root)
              .network(Network.PRIVATE)
              .sh(
                  "readlink /proc/self/ns/net; ip -4 addr show tap0; ip route; "
                      + "echo sockets $(grep -c @ /proc/net/unix); "
                      + "cat /etc/hosts /etc/resolv.conf; ls /proc/1/fd; true");
      assertThat(run.out())
          .doesNotContain(own)
          .contains("inet 10.0.2.100/24", "default via 10.0.2.2 dev tap0")
          .contains("sockets 0\n") // the host's abstract ones
          .contains("127.0.0.1\tlocalhost\n", "10.0.2.100\tbox\n", "nameserver 10.0.2.3\n")
          .endsWith("\n0\n1\n2\n");
    }
  }

  @ParameterizedTest
  @EnumSource(NetworkTool.Kind.class)
  void openWhenAPortIsPublishedLeadsInsideAndLeavesNothing(NetworkTool.Kind kind) throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, address(127, 0, 0, 1))) {
      port = free.getLocalPort();
    }
    Keeper keeper = HOST.runtime().keeper();
    Path directory = HOST.directory();
    Footprint before = null;
    for (int i = 0; i < 3; i++) {
      try (PrivateNetwork network =
          PrivateNetwork.open(
              keeper,
              installed(kind).orElseThrow(),
              List.of(new Network.Port(port, 8080)),
              directory)) {
        assertThat(network).isNotNull();
        try (Socket socket = new Socket()) {
          // The program listens; nobody does inside.
          socket.connect(new InetSocketAddress(address(127, 0, 0, 1), port), 2000);
        }
      }
      if (before == null) {
        before = Footprint.of(HOST);
      }
    }
    Footprint.assertSettles(HOST, before);
    assertThat(HostProcesses.of("/proc/self/fd/0\0")).isEmpty();
    assertThat(directory).isEmptyDirectory();
    try (ServerSocket again = new ServerSocket(port, 1, address(127, 0, 0, 1))) {
      assertThat(again.isBound()).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource(NetworkTool.Kind.class)
  void openWhenAPortIsTakenSaysWhich(NetworkTool.Kind kind) throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, address(127, 0, 0, 1))) {
      List<Network.Port> ports = List.of(new Network.Port(taken.getLocalPort(), 8080));
      assertThatThrownBy(() -> open(installed(kind).orElseThrow(), ports))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining(Integer.toString(taken.getLocalPort()))
          .hasMessageContaining("another program may listen");
    }
  }

  private static void open(NetworkTool tool, List<Network.Port> ports) throws IOException {
    PrivateNetwork.open(HOST.runtime().keeper(), tool, ports, HOST.directory()).close();
  }

  @Test
  void openWhenTheProgramEndsEarlySaysWhatItSaid() throws IOException {
    Path program = HOST.directory().resolve("pasta");
    Files.writeString(program, "#!/bin/sh\necho no luck today >&2\nexit 3\n");
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    NetworkTool broken = new NetworkTool(NetworkTool.Kind.PASTA, program);
    assertThatThrownBy(() -> open(broken, List.of()))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining(program + " ended: no luck today");
    Files.writeString(program, "#!/bin/sh\necho Failed to open tun socket >&2\nexit 1\n");
    assertThatThrownBy(() -> open(broken, List.of()))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("make it mode 0666");
    Files.writeString(program, "no program\n");
    assertThatThrownBy(() -> open(broken, List.of()))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("cannot start " + program);
  }

  @Test
  void findWhenNothingIsInstalledNamesThePackages() throws IOException {
    Path empty = HOST.directory();
    assertThatThrownBy(() -> NetworkTool.find(List.of(empty)))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining(empty.toString())
        .hasMessageContaining("install the package passt or slirp4netns");
    assertThat(NetworkTool.find(HostTools.places()).path()).isAbsolute();
    assertThat(HostTools.places()).allMatch(Path::isAbsolute);
  }

  @Test
  void runWhenTheImageHoldsAProgramOfThatNameRunsTheHosts() throws IOException {
    Path layer =
        HOST.layer(
            it -> it.file("bin/pasta", 0755, "#!/bin/sh\n".getBytes(StandardCharsets.US_ASCII)));
    try (Rootfs root = HOST.root(layer)) {
      Run run = Runner.in(root).network(Network.PRIVATE).sh("ip route");
      assertThat(run.out()).contains("default via 10.0.2.2");
    }
  }

  @Test
  void runWhenSeveralArePrivateAtOnceKeepsThemApart() throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(4);
    try (Rootfs root = HOST.root()) {
      String show = "readlink /proc/self/ns/net; ip route; sleep 1";
      List<Future<Run>> runs =
          IntStream.range(0, 4)
              .mapToObj(i -> pool.submit(() -> Runner.in(root).network(Network.PRIVATE).sh(show)))
              .toList();
      Set<String> namespaces = new HashSet<>();
      for (Future<Run> run : runs) {
        String out = run.get(20, TimeUnit.SECONDS).out();
        assertThat(out).contains("default via 10.0.2.2");
        namespaces.add(out.lines().findFirst().orElseThrow());
      }
      assertThat(namespaces).hasSize(4);
      assertThat(HostProcesses.of("/proc/self/fd/0\0")).isEmpty();
    } finally {
      pool.shutdownNow();
    }
  }

  @Test
  void runWhenItEndsHoweverLeavesNoProgram() throws Exception {
    try (Rootfs root = HOST.root()) {
      Runner.in(root).network(Network.PRIVATE).sh("exit 3");
      assertThat(HostProcesses.of("/proc/self/fd/0\0")).isEmpty();
      Runner.in(root).network(Network.PRIVATE).timeout(Duration.ofMillis(300)).sh("sleep 8201");
      assertThat(HostProcesses.of("/proc/self/fd/0\0")).isEmpty();
      Runner cancelled = Runner.in(root).network(Network.PRIVATE);
      CompletableFuture<Run> run = CompletableFuture.supplyAsync(() -> cancelled.sh("sleep 8202"));
      assertThat(HostProcesses.await("sleep\0008202\0")).isNotEmpty();
      cancelled.cancellation.cancel();
      run.get(5, TimeUnit.SECONDS);
      assertThat(HostProcesses.of("/proc/self/fd/0\0")).isEmpty();
      assertThatThrownBy(() -> Runner.in(root).network(Network.PRIVATE).run("/no/such/program"))
          .isInstanceOf(OperationException.class);
      assertThat(HostProcesses.of("/proc/self/fd/0\0")).isEmpty();
    }
  }

  @Test
  void runWhenTheJvmIsKilledLeavesNoProgram() throws Exception {
    Process jvm =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                VictimJvm.class.getName(),
                "private",
                HOST.base().toString(),
                HOST.directory().toString(),
                "8203")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader out = jvm.inputReader(StandardCharsets.US_ASCII)) {
      assertThat(out.readLine()).startsWith("keeper ");
      assertThat(out.readLine()).isEqualTo("running");
      assertThat(HostProcesses.of("/proc/self/fd/0\0")).isNotEmpty();
      assertThat(HostProcesses.kill(Long.toString(jvm.pid()))).isZero();
      jvm.waitFor();
      assertThat(HostProcesses.goneWithinASecond("/proc/self/fd/0\0")).isTrue();
      assertThat(HostProcesses.goneWithinASecond("sleep\0008203\0")).isTrue();
    }
  }
}

package dev.cooper.linux;

import static dev.cooper.linux.BusyboxHost.diff;
import static dev.cooper.linux.BusyboxHost.sh;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.command.Isolation;
import dev.cooper.command.Network;
import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.spi.ProcessEnd;
import dev.cooper.spi.ProcessMount;
import dev.cooper.spi.Rootfs;
import dev.cooper.spi.RuntimeOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands that nothing but another root directory and less rights part from the host. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class ChrootIT {
  private static final RuntimeOptions CHROOT = new RuntimeOptions(Isolation.CHROOT, "", false);

  @RegisterExtension
  static final BusyboxHost HOST = new BusyboxHost(() -> new LinuxRuntime(CHROOT), true);

  private static Run run(Rootfs root, String script) {
    return Runner.in(root).hostNetwork().sh(script);
  }

  private static String out(Rootfs root, String script) {
    Run run = run(root, script);
    assertThat(run.status()).as("%s", run).isZero();
    return run.out();
  }

  /** What runs on this machine with a mark in its arguments. */
  private static List<String> processes(String mark) throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/proc"))) {
      return all.filter(each -> each.getFileName().toString().matches("\\d+"))
          .map(ChrootIT::commandLine)
          .filter(line -> line.contains(mark))
          .toList();
    }
  }

  private static String commandLine(Path process) {
    try {
      return ProcFile.text(process.resolve("cmdline")).replace('\0', ' ');
    } catch (IOException e) {
      return ""; // gone meanwhile
    }
  }

  @Test
  void runWhenItLooksAroundSeesItsRootAndAFewDevices() throws IOException {
    try (Rootfs root = HOST.root()) {
      assertThat(out(root, "echo x >/dev/null; ls /dev; ls -A /proc /sys; cat /etc/hostname; pwd"))
          .isEqualTo(
              "full\nnull\nrandom\nshm\nstderr\nstdout\ntty\nurandom\nzero\n/proc:\n\n/sys:\nbox\n/\n");
      assertThat(out(root, "head -c 3 /dev/zero | wc -c; grep -c box /etc/hosts"))
          .isEqualTo("3\n1\n");
      assertThat(out(root, "cat /etc/resolv.conf"))
          .isEqualTo(Files.readString(Path.of("/etc/resolv.conf")));
      assertThat(diff(root).lines()).isEmpty();
    }
  }

  @Test
  void runWhenItChangesWhatIsOnlyThereForItCommitsNothingOfThat() throws IOException {
    try (Rootfs root =
        HOST.root(
            HOST.layer(
                it ->
                    it.directory("dev")
                        .file("dev/own", "own")
                        .file("etc/hosts", "the image's\n")))) {
      out(
          root,
          "rm /etc/hosts; mkdir /etc/hosts; echo x >/etc/hosts/x; echo x >/dev/new; rm -f /dev/null;"
              + " echo x >/etc/hostname; echo x >/proc/x; echo kept >/home/kept");
      assertThat(diff(root).lines())
          .containsExactly(
              "DIRECTORY 755 0:0 etc", "DIRECTORY 755 0:0 home", "FILE 644 0:0 home/kept = kept");
      assertThat(root.read(ByteString.utf8("etc/hosts"), 100))
          .asString()
          .isEqualTo("the image's\n");
      assertThat(root.read(ByteString.utf8("dev/own"), 100)).asString().isEqualTo("own");
      assertThat(root.entry(ByteString.utf8("etc/resolv.conf"))).isNull();
      assertThat(root.entry(ByteString.utf8("proc"))).isNull();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "rm /etc/hosts",
        "ln -sf /run/hosts /etc/hosts",
        "echo x >/etc/new; mv /etc/new /etc/hosts",
        "mv /etc/hosts /etc/elsewhere",
        "rm /etc/hosts; echo x >/etc/hosts",
        "rm /etc/hosts; mkdir /etc/hosts",
        "sed -i s/l/L/ /etc/hosts",
        "echo x >>/etc/hosts"
      })
  void runWhenItChangesAFileThatIsOnlyThereForItSaysWhich(String script) throws IOException {
    try (Rootfs root = HOST.root(HOST.layer(it -> it.file("etc/hosts", "the image's\n")))) {
      out(root, "cat /etc/hosts /etc/resolv.conf /etc/hostname; echo x >/etc/other");
      assertThat(HOST.notices).isEmpty();
      out(root, script);
      assertThat(HOST.notices).singleElement().asString().contains("/etc/hosts", "not kept");
      assertThat(HOST.notices.get(0)).doesNotContain("resolv.conf", "hostname");
      assertThat(root.read(ByteString.utf8("etc/hosts"), 100))
          .asString()
          .isEqualTo("the image's\n");
    }
  }

  @Test
  void runWhenItRemovesAllOfEtcStillEnds() throws IOException {
    try (Rootfs root = HOST.root()) {
      out(root, "rm -rf /etc");
      assertThat(diff(root).lines()).containsExactly("FILE 0 0:0 .wh.etc");
      out(root, "ls /etc/hosts");
      assertThat(diff(root).lines()).containsExactly("FILE 0 0:0 .wh.etc");
    }
  }

  @Test
  void runWhenTheImageHasLinksInTheWayStaysInside() throws IOException {
    Path outside = HOST.directory();
    try (Rootfs root =
        HOST.root(
            HOST.layer(
                it ->
                    it.symlink("dev", outside.toString())
                        .symlink("proc", "/")
                        .directory("really")
                        .symlink("etc/hosts", outside + "/hosts")
                        .symlink("etc/resolv.conf", "../../../.." + outside + "/resolv.conf")))) {
      assertThat(out(root, "ls /dev | wc -l; grep -c box /etc/hosts")).isEqualTo("9\n1\n");
      assertThat(diff(root).lines()).isEmpty();
      assertThat(outside).isEmptyDirectory();
      assertThat(root.entry(ByteString.utf8("dev")))
          .extracting(TarEntry::link)
          .hasToString(outside.toString());
    }
  }

  /** CVE-2021-3602: nothing of the host is there to be read, and the rights for it are gone. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "cat /proc/*/environ",
        "mkdir /x; chroot /x /bin/true",
        "mknod /disk b 254 0",
        "mount -t proc none /proc",
        "unshare -m true",
        "unshare -U true"
      })
  void runWhenItTriesToGetOutFails(String script) throws IOException {
    try (Rootfs root = HOST.root()) {
      assertThat(run(root, script).status()).isNotZero();
    }
  }

  /** Without a capability that this JVM has, the kernel lets it not trace this JVM (ptrace(2)). */
  @Test
  void runWhenItIsRootHasLessRightsThanThisJvm() throws Exception {
    String mark = "985" + ProcessHandle.current().pid();
    try (Rootfs root = HOST.root()) {
      Runner runner = Runner.in(root).hostNetwork();
      Thread thread = new Thread(() -> runner.run("sleep", mark));
      thread.start();
      String pid = HostProcesses.await("sleep\0" + mark + "\0").get(0);
      long theirs = permitted(pid);
      runner.cancellation.cancel();
      thread.join();
      long chroot = 1L << 18;
      long makeDevices = 1L << 27;
      assertThat(theirs & (chroot | makeDevices)).isZero();
      assertThat(permitted("self") & chroot).isNotZero();
      assertThat(theirs & ~permitted("self")).isZero();
    }
  }

  private static long permitted(String pid) throws IOException {
    return ProcFile.lines(Path.of("/proc", pid, "status")).stream()
        .filter(line -> line.startsWith("CapPrm:"))
        .mapToLong(line -> Long.parseUnsignedLong(line.substring(7).strip(), 16))
        .sum();
  }

  @Test
  void runWhenItLeavesThingsBehindEndsThem() throws IOException {
    String mark = "987" + ProcessHandle.current().pid();
    try (Rootfs root = HOST.root()) {
      out(
          root,
          "trap '' TERM HUP INT; (setsid sleep "
              + mark
              + " &); sleep "
              + mark
              + " & (trap '' TERM; while :; do (sleep "
              + mark
              + " &); sleep 0.01; done) & sleep 0.1; exit 0");
      assertThat(processes(mark)).isEmpty();
      assertThat(out(root, "echo again")).isEqualTo("again\n");
    }
  }

  @Test
  void runWhenItsTimeIsUpEndsAllOfIt() throws IOException {
    String mark = "986" + ProcessHandle.current().pid();
    try (Rootfs root = HOST.root()) {
      Run run =
          Runner.in(root)
              .hostNetwork()
              .timeout(Duration.ofMillis(300))
              .sh(
                  "trap '' TERM; (setsid sh -c 'trap \"\" TERM; sleep "
                      + mark
                      + "; :' &); sleep "
                      + mark);
      assertThat(run.end().cause()).isEqualTo(ProcessEnd.Cause.TIMEOUT);
      assertThat(processes(mark)).isEmpty();
      assertThat(diff(root).lines()).isEmpty();
    }
  }

  @Test
  void runWhenANetworkOfItsOwnOrNamesAreAskedForSaysWhatHasThem() throws IOException {
    Network named =
        new Network(
            Network.Mode.HOST,
            List.of(),
            List.of(new Network.Host("a", "192.0.2.1")),
            List.of(),
            List.of(),
            List.of());
    try (Rootfs root = HOST.root()) {
      for (Network network : List.of(Network.PRIVATE, named)) {
        assertThatThrownBy(() -> Runner.in(root).network(network).sh("true"))
            .isInstanceOf(OperationException.class)
            .hasMessageContaining("ask for isolation namespaces");
      }
      assertThat(diff(root).lines()).isEmpty();
    }
  }

  @Test
  void runWhenItIsAnOrdinaryUsersHasNoRights() throws IOException {
    try (Rootfs root = HOST.root()) {
      Run run = Runner.in(root).hostNetwork().user(1000, 1000, 2000L).sh("id; touch /x");
      assertThat(run.out()).isEqualTo("uid=1000(app) gid=1000(app) groups=2000(extra)\n");
      assertThat(run.err()).contains("Permission denied");
    }
  }

  @Test
  void runWhenItHasASecretLeavesNothingOfIt() throws IOException {
    ProcessMount secret =
        new ProcessMount.Memory("/run/secrets/token", ByteString.utf8("s3cret"), 0, 0, 0400);
    try (Rootfs root = HOST.root()) {
      Run run =
          Runner.in(root)
              .hostNetwork()
              .mount(secret)
              .mount(new ProcessMount.Tmpfs("/scratch", 0, 01777))
              .sh("cat /run/secrets/token; echo x >/scratch/x; stat -c %a /scratch");
      assertThat(run.out()).as(run.err()).isEqualTo("s3cret1777\n");
      assertThat(diff(root).lines()).isEmpty();
      assertThat(root.entry(ByteString.utf8("run"))).isNull();
    }
  }

  @Test
  void runWhenItNeedsWhatChrootCannotGiveSaysWhatCan() throws IOException {
    try (Rootfs root = HOST.root()) {
      assertThatThrownBy(() -> sh(root, "true"))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("network")
          .hasMessageContaining("namespaces");
      Runner bound =
          Runner.in(root)
              .hostNetwork()
              .mount(new ProcessMount.Bind(HOST.directory(), "/mnt", true));
      assertThatThrownBy(() -> bound.sh("true"))
          .hasMessageContaining("/mnt")
          .hasMessageContaining("namespaces");
    }
  }

  @Test
  void runWhenSeveralRunAtATimeAllHaveWhatTheyNeed() throws Exception {
    try (Rootfs root = HOST.root()) {
      List<Thread> threads =
          Stream.generate(
                  () -> new Thread(() -> out(root, "sleep 0.1; echo >/dev/null; cat /etc/hosts")))
              .limit(4)
              .toList();
      threads.forEach(Thread::start);
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(diff(root).lines()).isEmpty();
    }
  }

  @Test
  void mountWhenItsJvmWasKilledInARunPutsThingsBack() throws IOException {
    Path container = HOST.directory();
    try (Rootfs root = HOST.mount(List.of(HOST.base()), container)) {
      out(root, "true");
    }
    Path passwd = container.resolve("changes/tree/etc/passwd");
    Files.move(passwd, container.resolve("changes/aside/one"));
    Files.writeString(passwd, "ours");
    Files.writeString(container.resolve("changes/aside/one.path"), "etc/passwd");
    try (Rootfs root = HOST.mount(List.of(HOST.base()), container)) {
      assertThat(out(root, "head -1 /etc/passwd")).startsWith("root:");
    }
    try (Stream<Path> aside = Files.list(container.resolve("changes/aside"))) {
      assertThat(aside).isEmpty();
    }
  }

  @Test
  void mountWhenItWasChangedBeforeStillHoldsTheChanges() throws IOException {
    Path container = HOST.directory();
    try (Rootfs root = HOST.mount(List.of(HOST.base()), container)) {
      out(root, "echo kept >/kept; chmod 700 /home");
    }
    try (Rootfs root = HOST.mount(List.of(HOST.base()), container)) {
      assertThat(diff(root).lines())
          .containsExactly("DIRECTORY 700 0:0 home", "FILE 644 0:0 kept = kept");
    }
  }

  @Test
  void mountWhenItsJvmWasKilledBeforeItMovedAnythingLeavesIt() throws IOException {
    Path container = HOST.directory();
    try (Rootfs root = HOST.mount(List.of(HOST.base()), container)) {
      out(root, "true");
    }
    Files.writeString(container.resolve("changes/aside/one.path"), "etc/passwd\0");
    Files.writeString(container.resolve("changes/aside/two.path"), "etc/nothing");
    try (Rootfs root = HOST.mount(List.of(HOST.base()), container)) {
      assertThat(out(root, "head -1 /etc/passwd")).startsWith("root:");
      assertThat(diff(root).lines()).isEmpty();
    }
    try (Stream<Path> aside = Files.list(container.resolve("changes/aside"))) {
      assertThat(aside).isEmpty();
    }
  }

  /** A keeper's or a guard's command line is this JVM's, or the guard's last program's. */
  private static void assertNothingIsLeft(String seconds, String container) throws Exception {
    long end = System.nanoTime() + 20_000_000_000L;
    while (!HostProcesses.of("sleep\0" + seconds + "\0").isEmpty() && System.nanoTime() < end) {
      Thread.sleep(10);
    }
    assertThat(HostProcesses.of("sleep\0" + seconds + "\0")).isEmpty();
    while (!processes(container).isEmpty() && System.nanoTime() < end) {
      Thread.sleep(10);
    }
    assertThat(processes(container)).as("keeper, lanes and guard").isEmpty();
  }

  @Test
  void runWhenTheJvmIsKilledLeavesNoProcess() throws Exception {
    Path container = HOST.directory();
    Process jvm = VictimJvm.start("chroot", HOST.base(), container, "8131");
    try (BufferedReader out = jvm.inputReader(StandardCharsets.US_ASCII)) {
      assertThat(out.readLine()).startsWith("keeper ");
      assertThat(out.readLine()).isEqualTo("running");
      assertThat(HostProcesses.await("sleep\0008131\0")).isNotEmpty();
      assertThat(HostProcesses.kill(Long.toString(jvm.pid()))).isZero();
      jvm.waitFor();
      assertNothingIsLeft("8131", container.toString());
    } finally {
      jvm.destroyForcibly();
    }
  }

  @Test
  void runWhenTheJvmExitsWithoutClosingLeavesNoProcess() throws Exception {
    Path container = HOST.directory();
    Process jvm = VictimJvm.start("chroot-exit", HOST.base(), container, "8132");
    assertThat(jvm.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertNothingIsLeft("8132", container.toString());
  }

  @Test
  void runWhenTheKeeperIsKilledLeavesNoProcessAndSaysSo() throws Exception {
    try (LinuxRuntime runtime = new LinuxRuntime(CHROOT)) {
      Rootfs root = runtime.mount(List.of(HOST.base()), HOST.directory(), HOST.notices::add);
      Runner runner = Runner.in(root).hostNetwork();
      CompletableFuture<Run> run =
          CompletableFuture.supplyAsync(() -> runner.sh("setsid sleep 8133 & sleep 8133; true"));
      assertThat(HostProcesses.await("sleep\0008133\0")).isNotEmpty();
      HostProcesses.kill(Long.toString(runtime.keeper().pid()));
      assertThatThrownBy(() -> run.get(10, TimeUnit.SECONDS))
          .cause()
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("killed from outside");
      // The guard was waited for, and it ends all before it ends.
      assertThat(HostProcesses.of("sleep\0008133\0")).isEmpty();
      root.close();
      try (Rootfs again = runtime.mount(List.of(HOST.base()), HOST.directory(), line -> {})) {
        assertThat(out(again, "echo again")).isEqualTo("again\n");
      }
    }
  }

  @Test
  void closeWhenRepeatedLeavesNothingOfTheGuards() throws Exception {
    cycle();
    long memory = Memory.live();
    Footprint before = Footprint.of(HOST);
    for (int i = 0; i < 20; i++) {
      cycle();
    }
    Footprint.assertSettles(HOST, before);
    assertThat(Memory.live()).isEqualTo(memory);
  }

  private static void cycle() throws IOException {
    try (LinuxRuntime runtime = new LinuxRuntime(CHROOT);
        Rootfs root = runtime.mount(List.of(HOST.base()), HOST.directory(), line -> {})) {
      out(root, "setsid sleep 8134 & true");
    }
  }
}

package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.Cooper;
import dev.cooper.CooperBuilder;
import dev.cooper.HostReport;
import dev.cooper.WorkingContainer;
import dev.cooper.command.Command;
import dev.cooper.command.ExecResult;
import dev.cooper.command.Isolation;
import dev.cooper.command.Mount;
import dev.cooper.command.Network;
import dev.cooper.command.Resources;
import dev.cooper.command.Seccomp;
import dev.cooper.command.Secret;
import dev.cooper.command.Security;
import dev.cooper.error.CommandFailedException;
import dev.cooper.oci.OperationException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Commands that an engine runs are as those that we run, and their images the same. */
class OciIsolationIT extends EndToEnd {
  @BeforeEach
  void needsAnEngine() {
    Tools.require("runc");
  }

  @Override
  CooperBuilder builder() {
    return super.builder().isolation(Isolation.OCI).engine("runc");
  }

  private String digest(Isolation isolation) throws IOException {
    Path where = temp.resolve("by-" + isolation);
    CooperBuilder builder = builder().store(where).sourceDate(PodMain.MADE).isolation(isolation);
    try (Cooper other = builder.build()) {
      return PodMain.image(other, PodMain.base(temp), isolation).id().toString();
    }
  }

  @Test
  void commitWhenAnEngineRanTheCommandsIsTheSameImage() throws IOException {
    assertThat(digest(Isolation.OCI)).isEqualTo(digest(Isolation.NAMESPACES));
  }

  @Test
  void execWhenCommandEndsGivesStatusAndBothOutputs() throws IOException {
    try (WorkingContainer c = container()) {
      ExecResult result =
          c.exec(
              Command.shell("cat; echo err >&2; exit 3")
                  .input(new ByteArrayInputStream("in\n".getBytes(StandardCharsets.UTF_8))));
      assertThat(result).isEqualTo(new ExecResult(3, "in\n", "err\n"));
      assertThat(c.exec(Command.shell("sh -c 'kill -9 $$'; exit $?")).status()).isEqualTo(137);
      assertThat(
              c.exec(
                      Command.shell("id; pwd; umask; echo $X; grep CapBnd /proc/self/status")
                          .user("app")
                          .workdir("/srv/real")
                          .env("X", "y z"))
                  .out())
          .contains("uid=1000(app)", "/srv/real", "0022", "y z", "00000000a80425fb");
    }
  }

  @Test
  void execWhenItLooksAroundSeesWhatItWouldSeeInNamespaces() throws IOException {
    try (WorkingContainer ours = container();
        Cooper other = builder().isolation(Isolation.NAMESPACES).build();
        WorkingContainer theirs = other.from(busybox().id().toString())) {
      for (String look :
          new String[] {
            "ls -l /dev | sed 's/ [A-Z][a-z][a-z] .*:.. / /' | sort; ls /dev/pts /dev/shm /dev/mqueue",
            "ls /proc/acpi; cat /proc/keys; echo x > /proc/sysrq-trigger; echo $?",
            "grep -E 'Cap|NoNewPrivs|Seccomp:|Groups' /proc/self/status",
            "cat /etc/resolv.conf; ulimit -n; ulimit -Hn; env | grep -v HOSTNAME | sort",
            "touch /sys/x /proc/sys/x; echo $?; mknod /disk b 8 0 2>/dev/null && cat /disk; rm -f /disk",
            "cd /; test -w /dev/null; echo $?; ls -a /",
          }) {
        assertThat(ours.exec("/bin/sh", "-c", look))
            .as(look)
            .isEqualTo(theirs.exec("/bin/sh", "-c", look));
      }
    }
  }

  @Test
  void execWhenTheNetworkIsItsOwnSeesWhatItWouldSeeInNamespaces() throws IOException {
    NetworkIT.requirePrivate();
    String look =
        "ip -4 addr | grep inet; ip route; cat /etc/hosts /etc/resolv.conf | grep -v $(hostname); ls /sys/class/net";
    try (WorkingContainer ours = container();
        Cooper other = builder().isolation(Isolation.NAMESPACES).build();
        WorkingContainer theirs = other.from(busybox().id().toString())) {
      for (Network network :
          List.of(
              Network.NONE,
              Network.PRIVATE,
              Network.PRIVATE.addHost("db", "192.0.2.9").dns("192.0.2.53").publish(0, 80))) {
        Command command = Command.shell(look).network(network);
        assertThat(ours.exec(command)).as("%s", network).isEqualTo(theirs.exec(command));
      }
      assertThat(ours.exec(Command.shell(look).network(Network.PRIVATE)).out())
          .contains("10.0.2.100/24", "default via 10.0.2.2");
    }
  }

  @Test
  void runWhenThingsAreMountedHasThemAndLeavesNothing() throws IOException {
    Path host = Files.createDirectory(temp.resolve("shared"));
    Files.writeString(host.resolve("file"), "host\n");
    try (WorkingContainer c = container()) {
      ExecResult seen =
          c.exec(
              Command.shell(
                      "cat /in/file /one /run/secrets/key; touch /in/x 2>/dev/null; echo $?; echo t > /scratch/t && cat /scratch/t; echo back > /out/back")
                  .mount(Mount.bind(host, "/in"))
                  .mount(Mount.bindWritable(host, "/out"))
                  .mount(Mount.bind(host.resolve("file"), "/one"))
                  .mount(Mount.tmpfs("/scratch"))
                  .mount(
                      Mount.secret(Secret.of("key", "hidden\n".getBytes(StandardCharsets.UTF_8)))));
      assertThat(seen.out()).as(seen.err()).isEqualTo("host\nhost\nhidden\n1\nt\n");
      assertThat(host.resolve("back")).hasContent("back\n");
      assertThat(c.exec("/bin/ls", "/").out()).doesNotContain("scratch", "one");
    }
  }

  @Test
  void runWhenRightsAreTakenHasThemNot() throws IOException {
    try (WorkingContainer c = container()) {
      Security strict =
          Security.DEFAULT.capDrop("ALL").noNewPrivileges(true).readOnlyRoot(true).mask("/srv");
      String out =
          c.exec(
                  Command.shell(
                          "grep -E 'CapEff|NoNewPrivs' /proc/self/status; touch /x 2>/dev/null; echo $?; ls /srv; ulimit -n")
                      .security(
                          strict.ulimit("nofile", 99, 99).ulimit("core", 0, Security.UNLIMITED)))
              .out();
      assertThat(out).containsSubsequence("0000000000000000", "1\n", "1\n", "99\n");
      assertThat(out).doesNotContain("real");
      assertThat(
              c.exec(
                      Command.shell("grep Seccomp: /proc/self/status")
                          .security(Security.DEFAULT.seccomp(Seccomp.UNCONFINED)))
                  .out())
          .contains("0");
    }
  }

  @Test
  void runWhenMemoryIsLimitedSaysThatItRanOut() throws IOException {
    Tools.requireRoot("control groups");
    try (WorkingContainer c = container()) {
      Resources limits = Resources.UNLIMITED.memory(64L << 20).swap(0);
      assertThat(c.exec(Command.shell("true").resources(limits)).status()).isZero();
      assertThatThrownBy(() -> c.run(Command.shell("tail -c 300m /dev/zero").resources(limits)))
          .isInstanceOf(CommandFailedException.class)
          .hasMessageContaining("ran out of memory");
    }
  }

  @Test
  void runWhenTheNetworkIsItsOwnHasALoopbackOnly() throws IOException {
    try (WorkingContainer c = container()) {
      String look = "cat /proc/net/dev | tail -n +3 | cut -d: -f1; ls /sys/class/net";
      assertThat(c.exec(Command.shell(look).network(Network.NONE)).out().strip())
          .isEqualTo("lo\nlo");
      assertThat(c.exec(Command.shell("readlink /proc/self/ns/net")).out().strip())
          .isEqualTo(Files.readSymbolicLink(Path.of("/proc/self/ns/net")).toString());
    }
  }

  @Test
  void runWhenTimeIsUpOrSomethingIsLeftEndsAll() throws IOException {
    try (WorkingContainer c = container()) {
      String mark = "7" + ProcessHandle.current().pid();
      assertThatThrownBy(
              () ->
                  c.run(
                      Command.shell("trap '' TERM; sleep " + mark + " & sleep " + mark)
                          .timeout(Duration.ofMillis(700))))
          .isInstanceOf(CommandFailedException.class)
          .hasMessageContaining("0.7S");
      c.run("sleep " + mark + " </dev/null >/dev/null 2>&1 & true");
      assertThat(sleeping(mark)).isZero();
    }
  }

  @Test
  void runWhenTheEngineFailsSaysWhatItSaid() throws IOException {
    try (WorkingContainer c = container()) {
      assertThatThrownBy(() -> c.exec(Command.exec("/no/such")))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("runc could not run \"/no/such\"")
          .hasMessageContaining("no such file");
      assertThatThrownBy(() -> c.exec(Command.exec("/bin/true").workdir("/no/place")))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("/no/place");
      assertThat(c.exec("/bin/true").status()).isZero();
      assertThat(c.exec("/bin/ls", "/").out()).doesNotContain("no");
    }
  }

  /** A command that runs until somebody ends it: STORE BASE SECONDS. */
  static final class Sleeper {
    private Sleeper() {}

    public static void main(String[] arguments) {
      CooperBuilder builder = Cooper.builder().store(Path.of(arguments[0]));
      try (Cooper cooper = builder.isolation(Isolation.OCI).engine("runc").build();
          WorkingContainer c = cooper.from("rootfs:" + arguments[1])) {
        c.run("echo up; trap '' TERM HUP; sleep " + arguments[2]);
      }
    }
  }

  @Test
  void runWhenTheJvmIsKilledLeavesNoProcess() throws Exception {
    String seconds = "8" + ProcessHandle.current().pid();
    Path where = temp.resolve("killed");
    Process jvm =
        new ProcessBuilder(
                ChildJvm.command(
                    List.of(), Sleeper.class, where.toString(), busyboxTar().toString(), seconds))
            .start();
    try {
      await(() -> sleeping(seconds) > 0);
    } finally {
      jvm.destroyForcibly().waitFor();
    }
    await(() -> sleeping(seconds) == 0);
    try (Cooper again = builder().store(where).build();
        WorkingContainer c = again.from("rootfs:" + busyboxTar())) {
      assertThat(c.exec("/bin/true").status()).isZero();
    }
    assertThat(names(where.resolve("containers"))).isEmpty();
  }

  private static void await(BooleanSupplier met) throws InterruptedException {
    for (int i = 0; !met.getAsBoolean() && i < 600; i++) {
      Thread.sleep(50);
    }
    assertThat(met.getAsBoolean()).isTrue();
  }

  /** How many commands that were told to sleep so long there are. */
  private static long sleeping(String seconds) {
    return ProcessHandle.allProcesses()
        .flatMap(each -> each.info().arguments().stream())
        .filter(arguments -> List.of(arguments).equals(List.of(seconds)))
        .count();
  }

  @Test
  void openWhenThereIsNoSuchEngineSaysSo() throws IOException {
    for (String missing : new String[] {"no-such-engine", "/no/such/engine"}) {
      Path where = temp.resolve("none");
      HostReport report = builder().store(where).engine(missing).probe();
      assertThat(report.works(Isolation.OCI)).as("%s", report).isFalse();
      assertThat(report.toString()).contains(missing).contains("COOPER_RUNTIME");
    }
    HostReport report = builder().probe();
    assertThat(report.works(Isolation.OCI)).as("%s", report).isTrue();
  }
}

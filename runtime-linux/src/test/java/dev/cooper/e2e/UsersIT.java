package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cooper.Cooper;
import dev.cooper.RunningCommand;
import dev.cooper.WorkingContainer;
import dev.cooper.command.Command;
import dev.cooper.command.Isolation;
import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Who a command runs as, and what it begins with, in every isolation that runs any. */
class UsersIT extends EndToEnd {
  private static final String GROUPS = "grep Groups: /proc/self/status | tr -s '\\t ' ' '";

  private Cooper open(Isolation isolation) {
    if (isolation == Isolation.OCI) {
      Tools.require("runc");
    }
    assumeTrue(isolation != Isolation.CHROOT || Tools.isRoot(), "only root can change the root");
    Path where = temp.resolve("by-" + isolation);
    return builder().store(where).isolation(isolation).engine("runc").build();
  }

  /** What the kernel says of a command's groups, where there is no /proc in its root too. */
  private static String groups(WorkingContainer c, Isolation isolation, String user)
      throws IOException {
    if (isolation != Isolation.CHROOT) {
      return c.exec(Command.shell(GROUPS).user(user)).out().replace("Groups:", "").strip();
    }
    Command command = Command.shell("echo $$; exec sleep 300").user(user);
    try (RunningCommand running = c.start(command, o -> o.streams())) {
      String pid = new String(running.stdout().readNBytes(1)) + line(running);
      return Files.readAllLines(Path.of("/proc", pid, "status")).stream()
          .filter(line -> line.startsWith("Groups:"))
          .findFirst()
          .orElse("")
          .replace("Groups:", "")
          .strip();
    }
  }

  private static String line(RunningCommand running) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = running.stdout().read(); c != '\n' && c >= 0; c = running.stdout().read()) {
      line.append((char) c);
    }
    return line.toString();
  }

  /** CVE-2022-2990, CVE-2023-25173: setgid programs would pass by what a file denies its group. */
  @ParameterizedTest
  @EnumSource(
      value = Isolation.class,
      names = {"NAMESPACES", "OCI", "CHROOT"})
  void runWhenAUserIsGivenHasItsPrimaryGroupAmongTheOthers(Isolation isolation) throws IOException {
    List<String> with =
        List.of(
            ",0",
            "root,0",
            "app,6 1001 1002",
            "1000,6 1001 1002",
            "app:app,1001",
            "app:more,1002",
            "1000:7,7",
            ":more,1002",
            "3000,0",
            "3000:3001,3001",
            "2000,0");
    List<String> without = List.of(",0", "root,0", "app,1001", "1000,1001", "app:7,7", "3000,0");
    try (Cooper other = open(isolation);
        WorkingContainer c = other.from("rootfs:" + busyboxTar())) {
      for (String each : with) {
        String[] parts = each.split(",");
        assertThat(groups(c, isolation, parts[0])).as(each).isEqualTo(parts[1]);
      }
      c.run("rm /etc/group");
      for (String each : without) {
        String[] parts = each.split(",");
        assertThat(groups(c, isolation, parts[0])).as(each).isEqualTo(parts[1]);
      }
      c.run("rm /etc/passwd");
      assertThat(groups(c, isolation, "3000:3001")).isEqualTo("3001");
      assertThat(groups(c, isolation, "5")).isEqualTo("0");
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Isolation.class,
      names = {"NAMESPACES", "OCI", "CHROOT"})
  void runWhenThereIsNoTerminalHasNoTerm(Isolation isolation) throws IOException {
    try (Cooper other = open(isolation);
        WorkingContainer c = other.from("rootfs:" + busyboxTar())) {
      Command said = Command.shell("echo \"${TERM-none} $HOME\"");
      assertThat(c.exec(said).out()).isEqualTo("none /root\n");
      // A home that is not there is a home all the same.
      assertThat(c.exec(said.user("app")).out()).isEqualTo("none /home/app\n");
      assertThat(c.exec(said.env("TERM", "vt100")).out()).isEqualTo("vt100 /root\n");
      assertThat(c.env("TERM", "dumb").exec(said).out()).isEqualTo("dumb /root\n");
    }
  }

  /** WORKDIR /root and another user, as runc has it: entered before and, if refused, after. */
  @ParameterizedTest
  @EnumSource(
      value = Isolation.class,
      names = {"NAMESPACES", "OCI", "CHROOT"})
  void runWhenOnlyRootMayEnterTheWorkdirBeginsThere(Isolation isolation) throws IOException {
    try (Cooper other = open(isolation);
        WorkingContainer c = other.from("rootfs:" + busyboxTar())) {
      c.run("mkdir -m 0700 /mine /mine/own; chown 1000 /mine/own; stat -c %a /root");
      Command where = Command.exec("/bin/pwd").user("app");
      assertThat(c.exec(where.workdir("/root")).out()).isEqualTo("/root\n");
      assertThat(c.exec(where.workdir("/mine/own")).out()).isEqualTo("/mine/own\n");
      assertThat(c.exec(Command.shell("ls").user("app").workdir("/root")).err())
          .contains("Permission denied");
      c.workdir("/mine").user("app");
      assertThat(c.exec("/bin/pwd").out()).isEqualTo("/mine\n");
      for (String none : new String[] {"/mine/none", "/etc/passwd", "/mine/own/none"}) {
        assertThatThrownBy(() -> c.exec(where.workdir(none)))
            .isInstanceOf(OperationException.class)
            .hasMessageContaining(none)
            .hasMessageContaining("working directory");
      }
      if (isolation != Isolation.OCI) {
        assertThatThrownBy(() -> c.exec(where.workdir("/mine/none")))
            .hasMessageContaining("ENOENT");
      }
    }
  }
}

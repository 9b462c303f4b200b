package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cooper.Cooper;
import dev.cooper.WorkingContainer;
import dev.cooper.command.Command;
import dev.cooper.command.Mount;
import dev.cooper.command.Resources;
import dev.cooper.command.Seccomp;
import dev.cooper.command.Security;
import dev.cooper.error.CommandFailedException;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Rights and limits through the public API. */
class SecurityIT extends EndToEnd {
  private static final String BOUNDING = "grep CapBnd /proc/self/status | cut -f2";

  private static String out(WorkingContainer c, Command command) {
    return c.exec(command).out();
  }

  @Test
  void runWhenTheBuilderSaysWhatCommandsMayDoFollowsUnlessToldOtherwise() throws IOException {
    Path tar = busyboxTar();
    Security strict = Security.DEFAULT.capDrop("ALL").noNewPrivileges(true).readOnlyRoot(true);
    try (Cooper other = builder().security(strict).build();
        WorkingContainer c = other.from(tar)) {
      assertThat(out(c, Command.shell(BOUNDING))).isEqualTo("0000000000000000\n");
      assertThatThrownBy(() -> c.run("touch /x"))
          .isInstanceOf(CommandFailedException.class)
          .hasMessageContaining("Read-only file system");
      c.run(Command.shell("touch /work/x").mount(Mount.tmpfs("/work")));
      c.run(Command.shell("touch /x").security(Security.DEFAULT));
      assertThat(out(c, Command.shell(BOUNDING).security(strict.capAdd("NET_RAW"))))
          .isEqualTo("0000000000002000\n");
    }
  }

  @Test
  void runWhenAProfileOfDockersIsGivenRunsUnderIt() throws IOException {
    Path profile = Path.of("/usr/share/containers/seccomp.json");
    if (Files.notExists(profile)) {
      Tools.missing("no profile is installed as " + profile);
    }
    Security security = Security.DEFAULT.seccomp(Seccomp.profile(profile));
    try (WorkingContainer c = container()) {
      assertThat(out(c, Command.shell("grep ^Seccomp: /proc/self/status").security(security)))
          .isEqualTo("Seccomp:\t2\n");
      assertThat(c.exec(Command.shell("echo x | cat | wc -c").security(security)).out())
          .isEqualTo("2\n");
      assertThat(c.exec(Command.shell("unshare -r true")).status()).isNotZero();
      Security free = Security.DEFAULT.seccomp(Seccomp.UNCONFINED);
      assertThat(c.exec(Command.shell("unshare -r id -u").security(free)).out()).isEqualTo("0\n");
    }
  }

  @Test
  void runWhenAProfileIsBrokenSaysWhich() throws IOException {
    Path profile = host("broken.json", "{\"defaultAction\": 1}");
    Security security = Security.DEFAULT.seccomp(Seccomp.profile(profile));
    try (WorkingContainer c = container()) {
      assertThatThrownBy(() -> c.run(Command.shell("true").security(security)))
          .isInstanceOf(ContentException.class)
          .hasMessageContaining("broken.json");
    }
  }

  @Test
  void runWhenMemoryRunsOutSaysHowMuchItWasAllowed() throws IOException {
    Resources little = Resources.UNLIMITED.memory(32 << 20);
    try (Cooper other = builder().resources(little).build();
        WorkingContainer c = other.from(busyboxTar())) {
      try {
        c.run("true");
      } catch (OperationException e) {
        assertThat(e)
            .hasMessageContaining("cannot limit memory")
            .hasMessageContaining("systemd-run");
        assumeTrue(false, "this JVM may make no control groups");
      }
      assertThatThrownBy(() -> c.run("a=x; while :; do a=$a$a; done"))
          .isInstanceOfSatisfying(
              CommandFailedException.class, e -> assertThat(e.status()).isEqualTo(137))
          .hasMessageContaining("ran out of memory")
          .hasMessageContaining("33554432 bytes");
      assertThatThrownBy(() -> c.exec("/bin/sh", "-c", "a=x; while :; do a=$a$a; done"))
          .hasMessageContaining("ran out of memory");
      c.run(Command.shell("exit 137").acceptStatus(137));
      c.run(Command.shell("true").resources(Resources.UNLIMITED));
    }
  }
}

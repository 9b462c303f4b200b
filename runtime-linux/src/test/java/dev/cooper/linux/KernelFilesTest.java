package dev.cooper.linux;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class KernelFilesTest {
  /** Every call of it is refused, as by a container around this JVM that masks parts of /proc. */
  private static final Task REFUSED =
      (program, row) -> {
        try (SyscallProgram refused = new SyscallProgram(1, 64)) {
          refused.call("nothing", Sys.CLOSE, -1);
          Trampoline.run(refused, 0);
          throw refused.failure(0);
        }
      };

  @Test
  void lookWhenNoFileSystemCanBeMadeTakesAllForThere() {
    KernelFiles kernel = KernelFiles.look(REFUSED);
    assertThat(kernel.masked()).containsEntry("kcore", ProtectedPaths.Kind.OTHER).hasSize(8);
    assertThat(kernel.readOnly()).contains("sys", "sysrq-trigger").hasSize(5);
    assertThat(kernel.newSys()).isFalse();
    assertThat(kernel.maskedNewSys()).contains("firmware");
  }
}

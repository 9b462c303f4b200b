package dev.cooper.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cooper.oci.ByteString;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the trampoline makes of a row's flags, and what errors say. */
final class SyscallProgramTest {
  private final SyscallProgram program = SyscallProgram.small();

  @Test
  void runWhenAllSucceedStopsAtItsSize() {
    program.call("user", Sys.GETUID);
    program.call("group", Sys.GETGID);
    assertThat(Trampoline.run(program, 0)).isEqualTo(2);
    assertThat(program.result(0)).isEqualTo(Trampoline.here(Sys.GETUID));
  }

  @Test
  void runWhenARowFailsStopsThereAndNamesIt() {
    program.call("user", Sys.GETUID);
    program.call("a descriptor", Sys.CLOSE, -1);
    int after = program.call("after", Sys.GETUID);
    assertThat(Trampoline.run(program, 0)).isEqualTo(1);
    assertThat(program.result(after)).isZero();
    assertThatThrownBy(() -> Task.HERE.run(program))
        .isInstanceOfSatisfying(SystemCallException.class, e -> assertThat(e.errno()).isEqualTo(9))
        .hasMessageStartingWith("close a descriptor: EBADF (");
  }

  @Test
  void runWhenAFailureIsToleratedGoesOn() {
    int failed = program.tolerate("descriptor", Sys.CLOSE, -1);
    program.call("user", Sys.GETUID);
    assertThat(Trampoline.run(program, 0)).isEqualTo(2);
    assertThat(program.errno(failed)).isEqualTo(9);
    assertThat(program.isTolerated(failed)).isTrue();
    assertThat(program.isTolerated(1)).isFalse();
  }

  @Test
  void runWhenFromARowOnLeavesTheEarlierOnesOut() {
    program.call("descriptor", Sys.CLOSE, -1);
    program.call("user", Sys.GETUID);
    assertThat(Trampoline.run(program, 1)).isEqualTo(2);
  }

  @Test
  void fromWhenAnArgumentIsAnAddressPassesItsValue() {
    // Each argument of pipe2, write and read in turn, through memory.
    long pipe = program.memory.zeroed(8);
    program.call("pipe", Sys.PIPE2, pipe, Linux.O_CLOEXEC);
    Task.HERE.run(program);
    long[] values = {
      Memory.IO.getInt(pipe + 4), program.memory.string("abcdef"), 4, Memory.IO.getInt(pipe)
    };
    long slots = program.memory.zeroed(32);
    for (int i = 0; i < values.length; i++) {
      Memory.IO.putLong(slots + 8L * i, values[i]);
    }
    long buffer = program.memory.zeroed(8);
    int write = program.call("pipe", Sys.WRITE, 0, 0, 0);
    program.from(write, 0, slots).from(write, 1, slots + 8).from(write, 2, slots + 16);
    int read = program.call("pipe", Sys.READ, 0, buffer, 0);
    program.from(read, 0, slots + 24).resultOf(read, 2, write);
    program.call("pipe", Sys.CLOSE, values[0]);
    program.call("pipe", Sys.CLOSE, values[3]);
    assertThat(Trampoline.run(program, 1)).isEqualTo(program.size());
    assertThat(program.result(read)).isEqualTo(4);
    assertThat(Directory.string(buffer)).isEqualTo(ByteString.utf8("abcd"));
  }

  @Test
  void fromWhenALateArgumentIsAnAddressPassesItsValue() {
    // statx has five arguments: mask and buffer come from memory.
    long stat = program.memory.zeroed(Stat.SIZE);
    long slots = program.memory.zeroed(16);
    Memory.IO.putLong(slots, Stat.BASIC);
    Memory.IO.putLong(slots + 8, stat);
    int row = program.call("/", Sys.STATX, Linux.AT_FDCWD, program.memory.string("/"), 0, 0, 0);
    program.from(row, 3, slots).from(row, 4, slots + 8);
    Task.HERE.run(program);
    assertThat(Stat.format(stat)).isEqualTo(Linux.S_IFDIR);
  }

  @Test
  void intoWhenARowSucceedsStoresItsResultAndNothingElse() {
    long slot = program.memory.zeroed(16);
    Memory.IO.putLong(slot + 8, 77);
    program.into(program.call("user", Sys.GETEUID), slot);
    program.into(program.tolerate("descriptor", Sys.CLOSE, -1), slot + 8);
    Task.HERE.run(program);
    assertThat(Memory.IO.getLong(slot)).isEqualTo(Trampoline.here(Sys.GETEUID));
    assertThat(Memory.IO.getLong(slot + 8)).isEqualTo(77);
  }

  @Test
  void callWhenTheProgramIsFullRefuses() {
    try (SyscallProgram one = new SyscallProgram(1, 64)) {
      one.call("user", Sys.GETUID);
      assertThat(one.room()).isZero();
      assertThatThrownBy(() -> one.call("user", Sys.GETUID)).isInstanceOf(RuntimeException.class);
      one.reset();
      assertThat(one.room()).isEqualTo(1);
      assertThat(Trampoline.run(one, 0)).isZero();
    }
  }

  @Test
  void duringWhenAFailureIsExplainedKeepsItsCauseAndErrno() {
    program.call(ByteString.EMPTY, Sys.CLOSE, -1);
    Trampoline.run(program, 0);
    SystemCallException told = program.failure(0).during("cannot close it", "open it first");
    assertThat(told)
        .hasMessageMatching("cannot close it: close /: EBADF \\(.*\\): open it first")
        .hasCauseInstanceOf(SystemCallException.class);
    assertThat(told.errno()).isEqualTo(9);
  }

  @Test
  void numbersWhenTheKernelsHeadersAreHereAgree() throws IOException {
    List<Path> headers =
        List.of(
            Path.of("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
            Path.of("/usr/include/asm-generic/unistd.h"));
    assumeTrue(headers.stream().allMatch(Files::exists), "the kernel's headers are not installed");
    List<String> x86 = Files.readAllLines(headers.get(0));
    List<String> generic = Files.readAllLines(headers.get(1));
    for (Sys call : Sys.values()) {
      assertThat(x86).contains("#define __NR_" + call.title() + " " + call.number(Abi.X86_64));
      assertThat(generic)
          .as(call.title())
          .anyMatch(
              line ->
                  line.matches(
                      "#define __NR(3264)?_" + call.title() + " " + call.number(Abi.AARCH64)));
    }
  }
}

package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import java.util.ArrayList;
import java.util.List;

/**
 * The program of a few hundred bytes that a container process executes first, so that nothing of
 * the JVM is left of it when it executes what an image holds.
 *
 * <p>Until then {@code /proc/self/exe} is the JVM's own executable, for the kernel that follows a
 * link of the image's too (CVE-2019-5736). It lies in memory that is sealed, one for each process,
 * so that no container can change it for another. Its source says how it is called.
 */
final class Launcher {
  /** The descriptor that it is executed from, the first that is free. */
  private static final int SELF = 3;

  /** The event that it tells why through, if it cannot execute the command. */
  static final int EVENT = 4;

  private static final int SEALS =
      Linux.F_SEAL_SEAL | Linux.F_SEAL_SHRINK | Linux.F_SEAL_GROW | Linux.F_SEAL_WRITE;
  private static final byte[] PROGRAM = Trampoline.code(Abi.CURRENT, "launcher");
  private static final int FLAGS = flags();

  private Launcher() {}

  /** Kernels before 6.3 know no MFD_EXEC; later ones may refuse to execute without it. */
  private static int flags() {
    int flags = Linux.MFD_CLOEXEC | Linux.MFD_ALLOW_SEALING;
    try (SyscallProgram program = SyscallProgram.small()) {
      long name = program.memory.string("cooper");
      int made = program.tolerate("memory", Sys.MEMFD_CREATE, name, flags | Linux.MFD_EXEC);
      int close = program.tolerate("memory", Sys.CLOSE, 0);
      program.resultOf(close, 0, made);
      Trampoline.run(program, 0);
      return program.errno(made) == Linux.EINVAL ? flags : flags | Linux.MFD_EXEC;
    }
  }

  /**
   * Adds the rows that leave a process its own descriptors 0 to 2 and nothing else of the JVM's,
   * and make the launcher.
   */
  static void descriptors(SyscallProgram program, long[] stdio, long failed) {
    for (int i = 0; i < SELF; i++) {
      program.call("descriptor " + i, Sys.DUP3, stdio[i], i, 0);
    }
    program.call("event", Sys.DUP3, failed, EVENT, 0);
    program.call("descriptors", Sys.CLOSE_RANGE, SELF, EVENT - 1, 0);
    program.call("descriptors", Sys.CLOSE_RANGE, EVENT + 1, 0xffffffffL, 0);
    seal(program, PROGRAM);
  }

  /** Adds the rows that put a program into sealed memory; the row that gives its descriptor. */
  static int seal(SyscallProgram program, byte[] code) {
    long name = program.memory.string("cooper");
    int made = program.call("the launcher's memory", Sys.MEMFD_CREATE, name, FLAGS);
    int write = program.call("the launcher", Sys.WRITE, 0, program.memory.bytes(code), code.length);
    program.resultOf(write, 0, made);
    int seal = program.call("the launcher", Sys.FCNTL, 0, Linux.F_ADD_SEALS, SEALS);
    program.resultOf(seal, 0, made);
    int mode = program.tolerate("the launcher", Sys.FCNTL, 0, Linux.F_ADD_SEALS, Linux.F_SEAL_EXEC);
    program.resultOf(mode, 0, made);
    return made;
  }

  /** Adds the row that executes it; nothing after it ever runs. */
  static int execute(
      SyscallProgram program,
      List<ByteString> places,
      List<ByteString> arguments,
      List<ByteString> environment) {
    List<ByteString> all = new ArrayList<>(places);
    all.add(ByteString.EMPTY);
    all.addAll(arguments);
    return program.call(
        "the launcher",
        Sys.EXECVEAT,
        SELF,
        program.memory.string(""),
        program.memory.strings(all),
        program.memory.strings(environment),
        Linux.AT_EMPTY_PATH);
  }
}

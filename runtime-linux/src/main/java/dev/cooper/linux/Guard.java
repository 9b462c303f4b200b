package dev.cooper.linux;

import static dev.cooper.linux.Linux.CLONE_FILES;
import static dev.cooper.linux.Linux.CLONE_PIDFD;
import static dev.cooper.linux.Linux.CLONE_VM;

import dev.cooper.oci.ByteString;
import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * The parent of a keeper without namespaces. No pid namespace ends what that started, so the guard
 * does: once this JVM or the keeper is dead, it becomes a small program that kills all that is left
 * below it, daemons too, and then is no more.
 *
 * <p>It is a subreaper, and the only task of ours that a killed JVM does not take with it. It holds
 * neither the JVM's memory nor its descriptors from then on.
 */
final class Guard implements AutoCloseable {
  /** What tells it of the JVM's death: a real-time signal that nothing else sends. */
  private static final int JVM_DIED = 60;

  private static final long SA_NOCLDSTOP = 1;
  private static final int SIGNALFD_INFO = 128;
  private static final int CLOSE_RANGE_UNSHARE = 2;
  private static final long LOOK_AGAIN_NANOS = 50_000;
  private static final byte[] SWEEPER = Trampoline.code(Abi.CURRENT, "sweeper");

  private final SyscallProgram program = new SyscallProgram(32, 8192);
  private final long pidfd = program.memory.zeroed(8);
  private final int cloned;

  /** One that starts a keeper. */
  Guard(Lane keeper) {
    program.name("cooper-guard");
    program.call("guard", Sys.PRCTL, Linux.PR_SET_CHILD_SUBREAPER, 1);
    program.call("guard", Sys.PRCTL, Linux.PR_SET_PDEATHSIG, JVM_DIED);
    // The JVM may ignore it, and then nobody would be told.
    long action = program.memory.zeroed(32);
    Memory.IO.putLong(action + 8, SA_NOCLDSTOP);
    program.call("guard", Sys.RT_SIGACTION, Linux.SIGCHLD, action, 0, 8);
    // Both signals are blocked, as all are. A read goes on where the JVM was stopped and continued,
    // which sigtimedwait does not.
    long awaited = program.memory.allocate(8);
    Memory.IO.putLong(awaited, bit(JVM_DIED) | bit(Linux.SIGCHLD));
    int signals = program.call("guard", Sys.SIGNALFD4, -1, awaited, 8, Linux.O_CLOEXEC);
    long flags = CLONE_VM | CLONE_FILES | CLONE_PIDFD | Linux.SIGCHLD;
    cloned = program.clone(keeper.serving(), keeper.stackTop(), flags, pidfd);
    long info = program.memory.allocate(SIGNALFD_INFO);
    int died = program.tolerate("guard", Sys.READ, 0, info, SIGNALFD_INFO);
    int close = program.tolerate("guard", Sys.CLOSE, 0);
    program.resultOf(died, 0, signals).resultOf(close, 0, signals);
    sweep();
  }

  private static long bit(int signal) {
    return 1L << (signal - 1);
  }

  private void sweep() {
    program.call("descriptors", Sys.CLOSE_RANGE, 0, 0xffffffffL, CLOSE_RANGE_UNSHARE);
    int memory = Launcher.seal(program, SWEEPER);
    int execute =
        program.call(
            "the sweeper",
            Sys.EXECVEAT,
            0,
            program.memory.string(""),
            program.memory.strings(List.of(ByteString.utf8("cooper-sweeper"))),
            program.memory.strings(List.of()),
            Linux.AT_EMPTY_PATH);
    program.resultOf(execute, 0, memory);
  }

  /** What it runs, from its clone on. */
  SyscallProgram program() {
    return program;
  }

  /** Waits until it has started the keeper, or could not. */
  void awaitKeeper() {
    while (program.result(cloned) == 0 && !failed()) {
      LockSupport.parkNanos(LOOK_AGAIN_NANOS);
      VarHandle.fullFence();
    }
  }

  private boolean failed() {
    for (int row = 0; row < cloned; row++) {
      if (program.errno(row) != 0) {
        return true;
      }
    }
    return false;
  }

  /** Throws what kept it from starting the keeper. */
  void check() {
    for (int row = 0; row < cloned; row++) {
      program.check(row);
    }
  }

  /** The errno that the keeper could not be cloned with, or 0. */
  int errno() {
    return program.errno(cloned);
  }

  /** The keeper's process. */
  long keeper() {
    return program.result(cloned);
  }

  /** A descriptor of the keeper. */
  int pidfd() {
    return Memory.IO.getInt(pidfd);
  }

  /** Only once it is dead. */
  @Override
  public void close() {
    program.close();
  }
}

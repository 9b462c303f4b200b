package dev.cooper.linux;

import static dev.cooper.linux.Linux.CLONE_PIDFD;
import static dev.cooper.linux.Linux.CLONE_VFORK;
import static dev.cooper.linux.Linux.CLONE_VM;

import dev.cooper.command.Network;
import dev.cooper.oci.OperationException;
import dev.cooper.spi.ProcessEnd;
import dev.cooper.spi.ProcessIo;
import dev.cooper.spi.ProcessSpec;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One run of a process in a tree: cloned by a lane, which waits for it while this thread moves its
 * output.
 */
final class LinuxProcess {
  private final Keeper keeper;
  private final Lane lane;
  private final RootTree tree;
  private final ProcessSpec process;
  private final @Nullable Engine engine;

  /**
   * One to be run.
   *
   * @param engine what runs it; null if we do
   */
  LinuxProcess(
      Keeper keeper, Lane lane, RootTree tree, ProcessSpec process, @Nullable Engine engine) {
    this.engine = engine;
    this.keeper = keeper;
    this.lane = lane;
    this.tree = tree;
    this.process = process;
  }

  ProcessEnd run(ProcessIo io) {
    try (RootTree.Prepared prepared = tree.prepare(lane, process, keeper.pid())) {
      ProtectedPaths paths = ProtectedPaths.of(process, lane, prepared);
      try (CgroupRun groups = groups();
          PrivateNetwork network = network();
          ProcessPipes pipes = new ProcessPipes(io, prepared.outputs())) {
        ProcessEnd end = start(io, pipes, paths, groups, network, prepared);
        return groups != null && failed(end) && groups.outOfMemory()
            ? new ProcessEnd(end.status(), ProcessEnd.Cause.OUT_OF_MEMORY)
            : end;
      }
    }
  }

  /** Its control groups; null where nothing is limited, and none is touched. */
  private @Nullable CgroupRun groups() {
    return process.resources().isUnlimited()
        ? null
        : keeper.cgroups().open(process.resources(), tree.directory());
  }

  /** Its way out, with a process of the host's beside it; null where it needs none. */
  private @Nullable PrivateNetwork network() {
    return process.network().mode() == Network.Mode.PRIVATE
        ? PrivateNetwork.open(
            keeper,
            NetworkTool.find(HostTools.places()),
            process.network().ports(),
            tree.directory())
        : null;
  }

  /** Whether the kernel, and not the command or its caller, may have ended it. */
  private static boolean failed(ProcessEnd end) {
    return end.status() != 0
        && (end.cause() == ProcessEnd.Cause.EXIT || end.cause() == ProcessEnd.Cause.SIGNAL);
  }

  private ProcessEnd start(
      ProcessIo io,
      ProcessPipes pipes,
      ProtectedPaths paths,
      @Nullable CgroupRun groups,
      @Nullable PrivateNetwork network,
      RootTree.Prepared prepared) {
    try (ChildProgram child = child(pipes, paths, groups, network, prepared);
        SyscallProgram outer = SyscallProgram.small()) {
      long status = outer.memory.zeroed(8);
      long pidfd = outer.memory.zeroed(8);
      long one = outer.memory.zeroed(8);
      Memory.IO.putLong(one, 1);
      Memory.IO.putLong(pidfd, -1);
      long flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | Linux.SIGCHLD | child.namespaces();
      int cloned = outer.clone(child.program(), lane.childStackTop(), flags, pidfd);
      outer.tolerateLast();
      // The child's change of user cleared the flag of the memory that it shared with the JVM until
      // it executed its command.
      outer.call("keeper", Sys.PRCTL, Linux.PR_SET_DUMPABLE, keeper.dumpable());
      for (long end : pipes.childEnds()) {
        outer.tolerate("pipe", Sys.CLOSE, end);
      }
      int waited = outer.tolerate("container", Sys.WAIT4, 0, status, Linux.WALL, 0);
      outer.resultOf(waited, 0, cloned);
      outer.call("event", Sys.WRITE, pipes.doneEvent(), one, 8);
      try (SyscallProgram kill = kill(pidfd)) {
        lane.submit(outer, 0);
        ProcessEnd.Cause cause = move(io, pipes, outer, kill, pidfd);
        return end(pipes, child, outer, cloned, status, cause);
      }
    }
  }

  private ChildProgram child(
      ProcessPipes pipes,
      ProtectedPaths paths,
      @Nullable CgroupRun groups,
      @Nullable PrivateNetwork network,
      RootTree.Prepared prepared) {
    long[] ends = pipes.childEnds();
    long failed = pipes.failedEvent();
    MountPlan plan = prepared.plan();
    if (engine != null) {
      requireWorkdir(prepared);
    }
    return engine == null
        ? new ContainerProgram(process, plan, paths, groups, network, tree, keeper, ends, failed)
        : new EngineProgram(
            engine, process, plan, paths, groups, network, tree, keeper, ends, failed);
  }

  /** Engines make one that is missing, and a typing error would be a change of the image. */
  private void requireWorkdir(RootTree.Prepared prepared) {
    String workdir = process.workdir();
    if (!workdir.equals("/")
        && ProtectedPaths.kind(workdir, lane, prepared) != ProtectedPaths.Kind.DIRECTORY) {
      throw new OperationException(
          "cannot enter the working directory "
              + workdir
              + ": it is no directory in the container: create it, or set another with workdir(...)");
    }
  }

  /** Moves its output until it has ended, and is no more when this returns or throws. */
  private ProcessEnd.Cause move(
      ProcessIo io, ProcessPipes pipes, SyscallProgram outer, SyscallProgram kill, long pidfd) {
    ListeningPorts live = new ListeningPorts(lane.hostPid());
    try {
      pipes.childEndsGone();
      io.started().accept(live);
      ProcessEnd.Cause cause =
          new ProcessWatch(io, pipes)
              .watch(lane, () -> Trampoline.run(kill, 0), () -> endLeftovers(outer));
      end(outer, kill, cause != ProcessEnd.Cause.EXIT);
      return cause;
    } catch (Throwable e) {
      // An Error too, as of whoever takes the output: until the lane is done it writes into memory
      // that is about to be freed.
      endAfter(e, outer, kill);
      throw e;
    } finally {
      live.over();
      ProcessPipes.closeFd(Memory.IO.getInt(pidfd));
    }
  }

  private void endAfter(Throwable failure, SyscallProgram outer, SyscallProgram kill) {
    try {
      end(outer, kill, true);
    } catch (RuntimeException | Error e) {
      if (!lane.isDead()) {
        failure.addSuppressed(e);
      }
    }
  }

  private ProcessEnd end(
      ProcessPipes pipes,
      ChildProgram child,
      SyscallProgram outer,
      int cloned,
      long status,
      ProcessEnd.Cause cause) {
    if (outer.errno(cloned) != 0) {
      throw HostLimits.explainClone(outer.errno(cloned), keeper.rootless());
    }
    int word = Memory.IO.getInt(status);
    boolean byItself = cause == ProcessEnd.Cause.EXIT || cause == ProcessEnd.Cause.OUTPUT_NOT_TAKEN;
    @Nullable RuntimeException failure = byItself ? child.failure(word, pipes::failedWith) : null;
    if (failure != null) {
      throw failure;
    }
    boolean signalled = (word & 0x7f) != 0;
    int code = signalled ? 128 + (word & 0x7f) : word >> 8 & 0xff;
    return new ProcessEnd(
        code, cause == ProcessEnd.Cause.EXIT && signalled ? ProcessEnd.Cause.SIGNAL : cause);
  }

  /** Where no pid namespace ended what the process started. */
  private void endLeftovers(SyscallProgram outer) {
    if (keeper.isPlain()) {
      lane.await(outer);
      new Leftovers(lane, lane.pid()).end();
    }
  }

  /**
   * The process may be killed before it is there to be killed: then again, until the lane is done
   * with it.
   */
  private void end(SyscallProgram outer, SyscallProgram kill, boolean killed) {
    while (killed && !lane.isDone()) {
      Trampoline.run(kill, 0);
      LockSupport.parkNanos(1_000_000);
    }
    lane.await(outer);
    endLeftovers(outer);
  }

  /** What kills it once it is there; made before, as there may be no memory left to make it of. */
  private static SyscallProgram kill(long pidfd) {
    SyscallProgram kill = new SyscallProgram(1, 64);
    int row = kill.tolerate("process", Sys.PIDFD_SEND_SIGNAL, 0, Linux.SIGKILL, 0, 0);
    kill.from(row, 0, pidfd);
    return kill;
  }
}

package dev.cooper.linux;

import static dev.cooper.linux.Linux.AT_FDCWD;
import static dev.cooper.linux.Linux.CLONE_FILES;
import static dev.cooper.linux.Linux.CLONE_NEWNET;
import static dev.cooper.linux.Linux.CLONE_VFORK;
import static dev.cooper.linux.Linux.CLONE_VM;
import static dev.cooper.linux.Linux.O_CLOEXEC;
import static dev.cooper.linux.Linux.O_RDONLY;

import dev.cooper.command.Network;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A network namespace of a container's own, with a process of the host's that leads out of it.
 *
 * <p>It is made and connected before the container is, so that nothing in there ever waits for a
 * network or finds it half made. A descriptor holds it, which no path names: it is gone with the
 * last who has it open.
 */
final class PrivateNetwork implements AutoCloseable {
  private final Keeper keeper;
  private final Lane lane;
  private final long namespace;
  private final NetworkProcess process;

  private PrivateNetwork(Keeper keeper, Lane lane, long namespace, NetworkProcess process) {
    this.keeper = keeper;
    this.lane = lane;
    this.namespace = namespace;
    this.process = process;
  }

  /**
   * Makes it and waits until it is connected.
   *
   * @param directory the container's own, for a socket to talk to the program through
   */
  static PrivateNetwork open(
      Keeper keeper, NetworkTool tool, List<Network.Port> ports, Path directory) {
    Lane lane = keeper.acquire();
    long namespace = -1;
    NetworkProcess process = null;
    try {
      namespace = namespace(lane, keeper.rootless());
      process = new NetworkProcess(lane, tool, namespace, ports, directory);
      PrivateNetwork network = new PrivateNetwork(keeper, lane, namespace, process);
      process.start();
      process.awaitReady();
      return network;
    } catch (RuntimeException e) {
      end(keeper, lane, namespace, process);
      throw e;
    }
  }

  private static void end(
      Keeper keeper, Lane lane, long namespace, @Nullable NetworkProcess process) {
    try {
      if (process != null) {
        process.close();
      }
    } finally {
      ProcessPipes.closeFd(namespace);
      keeper.release(lane);
    }
  }

  /** Made by a child that ends at once: who leaves a namespace needs rights over the next. */
  private static long namespace(Lane lane, boolean rootless) {
    try (SyscallProgram child = SyscallProgram.small();
        SyscallProgram outer = SyscallProgram.small()) {
      long path = child.memory.string("/proc/self/ns/net");
      int open =
          child.call("the network namespace", Sys.OPENAT, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
      long flags = CLONE_VM | CLONE_FILES | CLONE_VFORK | CLONE_NEWNET | Linux.SIGCHLD;
      int cloned = outer.clone(child, lane.childStackTop(), flags, 0);
      int waited = outer.tolerate("the network namespace", Sys.WAIT4, 0, 0, Linux.WALL, 0);
      outer.resultOf(waited, 0, cloned);
      lane.run(outer, 0);
      if (outer.errno(cloned) != 0) {
        throw HostLimits.explainClone(outer.errno(cloned), rootless);
      }
      child.check(open);
      return ProcessPipes.aboveTheChilds(child.result(open));
    }
  }

  /** Adds the row by which a container enters it. */
  void enter(SyscallProgram program) {
    program.call("the network namespace", Sys.SETNS, namespace, CLONE_NEWNET);
  }

  @Override
  public void close() {
    end(keeper, lane, namespace, process);
  }
}

package dev.cooper.linux;

import java.util.concurrent.locks.LockSupport;

/**
 * Ends whatever a lane has left below it, where no pid namespace does: what a command put into the
 * background, or what it forked.
 *
 * <p>The lane is a subreaper: the children of what ends become its own. So only its own children
 * are killed, whose process ids nobody else can reap and give to others meanwhile; a process that
 * is being killed can fork no more. It is done when the kernel says that there are no children.
 *
 * @param lane whose children they are; it must be idle
 * @param pid its process
 */
record Leftovers(Lane lane, long pid) {
  private static final long PAUSE_NANOS = 200_000;

  void end() {
    try (SyscallProgram reap = new SyscallProgram(1, 64)) {
      reap.tolerate("what is left", Sys.WAIT4, -1, 0, Linux.WALL | Linux.WNOHANG, 0);
      while (true) {
        lane.run(reap);
        if (reap.errno(0) == Linux.ECHILD) {
          return;
        }
        if (reap.result(0) == 0) {
          ProcessTree.children(pid)
              .forEach(child -> Trampoline.here(Sys.KILL, child, Linux.SIGKILL));
          LockSupport.parkNanos(PAUSE_NANOS);
        }
      }
    }
  }
}

package dev.cooper.linux;

import static dev.cooper.linux.Linux.CLONE_FILES;
import static dev.cooper.linux.Linux.CLONE_NEWNS;
import static dev.cooper.linux.Linux.CLONE_NEWPID;
import static dev.cooper.linux.Linux.CLONE_NEWUSER;
import static dev.cooper.linux.Linux.CLONE_PIDFD;
import static dev.cooper.linux.Linux.CLONE_VM;

import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * A long-lived child that shares this JVM's memory and descriptors but lives in mount, pid and (for
 * an ordinary user) user namespaces of its own.
 *
 * <p>For the isolation that has none it has no namespaces: it then is there for what its lanes
 * start to be found and ended, below a {@link Guard}.
 *
 * <p>What only root may do it does for us, in lanes; every mount and every container process lives
 * inside its namespaces. It is the init of its pid namespace and dies with the thread that cloned
 * it, so a JVM that is killed leaves no process and no mount. Thread-safe.
 */
final class Keeper implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Keeper.class.getName());
  private static final long ALL_SIGNALS = -1L;
  private static final int SIG_SETMASK = 2;
  private static final int SIGNALS = 64;
  private static final int TTY = 5;

  private static final boolean NESTED = isNested();

  private final boolean plain;
  private final boolean rootless;
  private final IdMap ids;
  private final Lane.Life life = new Lane.Life(this::kill);
  private final Lane control;
  private final List<Lane> lanes = new CopyOnWriteArrayList<>();
  private final Deque<Lane> idle = new ArrayDeque<>();
  private final CompletableFuture<Integer> started = new CompletableFuture<>();
  private final KeeperEnd end = new KeeperEnd();
  private final long dumpable = Trampoline.here(Sys.PRCTL, Linux.PR_GET_DUMPABLE);
  private final Cgroups cgroups = new Cgroups();
  private final boolean mapsTty;
  private @Nullable KernelFiles kernel;
  private long permitted;
  private int pidfd = -1;
  private boolean closed;
  private boolean freed;

  private Keeper(boolean plain, boolean rootless, IdMap ids) {
    this.plain = plain;
    this.rootless = rootless;
    this.ids = ids;
    this.control = new Lane(life, ids.single());
    this.mapsTty = maps(TTY, ids.gids(), "gid_map");
    lanes.add(control);
  }

  /** Starts a keeper: as root with the JVM's own ids, else with the ids that the map names. */
  static Keeper start(boolean rootless, IdMap ids) {
    return start(new Keeper(false, rootless, ids));
  }

  /** Starts a keeper without namespaces of its own, for containers that have none either. */
  static Keeper plain(IdMap ids) {
    return start(new Keeper(true, false, ids));
  }

  private static Keeper start(Keeper keeper) {
    // PDEATHSIG fires when the *thread* that cloned ends: this one does nothing else, and lives as
    // long as the keeper.
    Thread thread = new Thread(null, keeper::cloneAndWait, "cooper-keeper", 128 * 1024);
    thread.setDaemon(true);
    thread.start();
    int pid = keeper.startedPid();
    keeper.control.started(pid, pid);
    try {
      if (keeper.rootless) {
        keeper.ids.write(pid);
      }
      keeper.setUp();
      keeper.requireRights();
      return keeper;
    } catch (RuntimeException e) {
      keeper.close();
      throw e;
    }
  }

  private int startedPid() {
    try {
      return started.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  private void cloneAndWait() {
    control.serving().call("keeper", Sys.PRCTL, Linux.PR_SET_PDEATHSIG, Linux.SIGKILL);
    control.serving().name("cooper-keeper");
    control.serving().serve(control.word());
    long flags =
        CLONE_VM
            | CLONE_FILES
            | CLONE_PIDFD
            | CLONE_NEWNS
            | CLONE_NEWPID
            | (rootless ? CLONE_NEWUSER : 0);
    try (SyscallProgram birth = SyscallProgram.small();
        SyscallProgram death = SyscallProgram.small()) {
      if (plain) {
        guarded(birth, death);
        return;
      }
      long pidfdAt = birth.memory.zeroed(8);
      int cloned =
          cloneWithSignalsBlocked(birth, control.serving(), control.stackTop(), flags, pidfdAt);
      Trampoline.run(birth, 0);
      if (birth.errno(cloned) != 0) {
        started.completeExceptionally(HostLimits.explainClone(birth.errno(cloned), rootless));
        return;
      }
      pidfd = Memory.IO.getInt(pidfdAt);
      long pid = birth.result(cloned);
      started.complete((int) pid);
      awaitDeath(death, pid);
    } catch (RuntimeException | Error e) {
      started.completeExceptionally(e);
    } finally {
      end.come();
    }
  }

  /** The guard starts the keeper, and is the one that is waited for. */
  private void guarded(SyscallProgram birth, SyscallProgram death) {
    try (Guard guard = new Guard(control)) {
      int cloned =
          cloneWithSignalsBlocked(
              birth, guard.program(), control.childStackTop(), CLONE_VM | CLONE_FILES, 0);
      Trampoline.run(birth, 0);
      if (birth.errno(cloned) != 0) {
        started.completeExceptionally(HostLimits.explainClone(birth.errno(cloned), false));
        return;
      }
      guard.awaitKeeper();
      if (guard.keeper() > 0) {
        pidfd = guard.pidfd();
        started.complete((int) guard.keeper());
      }
      end.guardedBy(birth.result(cloned));
      awaitDeath(death, birth.result(cloned));
      guard.check();
      if (guard.errno() != 0) {
        started.completeExceptionally(HostLimits.explainClone(guard.errno(), false));
      }
    }
  }

  /**
   * Its exit signal is none, so nothing else in this JVM that waits for children can take it from
   * us.
   */
  private void awaitDeath(SyscallProgram death, long pid) {
    int waited = death.tolerate("keeper", Sys.WAIT4, pid, 0, Linux.WALL, 0);
    do {
      Trampoline.run(death, 0);
    } while (death.errno(waited) == Linux.EINTR);
    dead();
  }

  /**
   * A handler of the JVM's must never run in a child that shares its memory but has none of its
   * thread's state.
   */
  private static int cloneWithSignalsBlocked(
      SyscallProgram program, SyscallProgram child, long stackTop, long flags, long pidfdAt) {
    long all = program.memory.allocate(8);
    Memory.IO.putLong(all, ALL_SIGNALS);
    long old = program.memory.zeroed(8);
    program.call("signals", Sys.RT_SIGPROCMASK, SIG_SETMASK, all, old, 8);
    int row = program.clone(child, stackTop, flags, pidfdAt);
    program.tolerateLast();
    program.call("signals", Sys.RT_SIGPROCMASK, SIG_SETMASK, old, 0, 8);
    return row;
  }

  private void setUp() {
    try (SyscallProgram program = new SyscallProgram(128, 1024)) {
      long defaults = program.memory.zeroed(32);
      for (int signal = 1; signal <= SIGNALS; signal++) {
        program.tolerate("signal " + signal, Sys.RT_SIGACTION, signal, defaults, 0, 8);
      }
      if (rootless) {
        program.call("group 0", Sys.SETRESGID, 0, 0, 0);
        if (!ids.single()) {
          program.call("groups", Sys.SETGROUPS, 0, 0);
        }
        program.call("user 0", Sys.SETRESUID, 0, 0, 0);
        // A change of credentials clears both, and the second is the JVM's own: memory is shared.
        program.call("keeper", Sys.PRCTL, Linux.PR_SET_PDEATHSIG, Linux.SIGKILL);
        program.call("keeper", Sys.PRCTL, Linux.PR_SET_DUMPABLE, dumpable);
      }
      program.call("keeper", Sys.UMASK, 0);
      if (plain) {
        program.call("keeper", Sys.PRCTL, Linux.PR_SET_CHILD_SUBREAPER, 1);
      } else {
        program.call(
            "/", Sys.MOUNT, 0, program.memory.string("/"), 0, Linux.MS_REC | Linux.MS_PRIVATE, 0);
      }
      control.run(program);
    }
    permitted = Capabilities.permitted(control);
  }

  /** Changing the root directory needs no namespaces, but rights. */
  private void requireRights() {
    List<String> lacking = plain ? Capabilities.lackingForChroot(permitted) : List.of();
    if (!lacking.isEmpty()) {
      throw HostLimits.explainChroot(lacking);
    }
  }

  /** A lane for the caller alone, until it is given back. */
  synchronized Lane acquire() {
    requireAlive();
    Lane lane = idle.poll();
    return lane != null ? lane : newLane();
  }

  synchronized void release(Lane lane) {
    if (freed) {
      lane.close();
    } else {
      idle.push(lane);
    }
  }

  private Lane newLane() {
    Lane lane = new Lane(life, ids.single());
    lane.serving().call("lane", Sys.SET_TID_ADDRESS, lane.tid());
    lane.serving().call("lane", Sys.UMASK, 0);
    if (plain) {
      // No pid namespace ends it with the keeper, nor what it started with it.
      lane.serving().call("lane", Sys.PRCTL, Linux.PR_SET_PDEATHSIG, Linux.SIGKILL);
      lane.serving().call("lane", Sys.PRCTL, Linux.PR_SET_CHILD_SUBREAPER, 1);
    }
    lane.serving().name("cooper-lane");
    lane.serving().serve(lane.word());
    try (SyscallProgram program = SyscallProgram.small()) {
      long pidfdAt = program.memory.zeroed(8);
      long flags = CLONE_VM | CLONE_FILES | CLONE_PIDFD | Linux.SIGCHLD;
      int row = program.clone(lane.serving(), lane.stackTop(), flags, pidfdAt);
      if (control.run(program, 0) <= row) {
        lane.close();
        throw program
            .failure(row)
            .during(
                "cannot start another lane of the keeper",
                "raise the limit on processes (ulimit -u)");
      }
      lane.started(program.result(row), ProcessTree.ofDescriptor(Memory.IO.getInt(pidfdAt)));
    }
    lanes.add(lane);
    return lane;
  }

  int pid() {
    return started.join();
  }

  /**
   * Whether it lives in a user namespace, its own or one around this JVM, or is a container's root:
   * then it can set no trusted attributes, and may make no device nodes.
   */
  boolean rootless() {
    return rootless || NESTED || !Capabilities.administers(permitted);
  }

  /** Whether it has no namespaces of its own: then containers have none either. */
  boolean isPlain() {
    return plain;
  }

  /** What containers must not see of the kernel. */
  synchronized KernelFiles kernel() {
    KernelFiles known = kernel;
    if (known == null) {
      Lane lane = acquire();
      try {
        known = KernelFiles.look(lane);
      } finally {
        release(lane);
      }
      kernel = known;
    }
    return known;
  }

  /**
   * Whether a process in it can be given other groups: not where the kernel was told no for all.
   */
  boolean setsGroups() {
    return !(rootless && ids.single());
  }

  /** Refuses a user whom there is no id for. */
  void requireUser(long uid, long gid) {
    if (maps(uid, ids.uids(), "uid_map") && maps(gid, ids.gids(), "gid_map")) {
      return;
    }
    String user = "a command cannot run as " + uid + ":" + gid + ", as ";
    throw new OperationException(
        ids.single()
            ? user
                + "only 0:0 has an id here: it was asked for a single one (Ids.SINGLE, COOPER_IDS): run it as root, or take mapped ids"
            : user
                + "this lies beyond the subordinate ids: extend the ranges in /etc/subuid and /etc/subgid");
  }

  private boolean maps(long id, List<IdMap.Range> ranges, String map) {
    if (id == 0 || ids.single()) {
      return id == 0;
    }
    return rootless
        ? id <= ranges.stream().mapToLong(IdMap.Range::count).sum()
        : !NESTED || IdMap.covers(Path.of("/proc/self", map), id);
  }

  /** Which capabilities a container's root can have at most. */
  long permitted() {
    return permitted;
  }

  /** Whether the group of terminals stands for one outside. */
  boolean mapsTty() {
    return mapsTty;
  }

  /** Whether this JVM lives in a user namespace that is not the outermost. */
  static boolean isNested() {
    try {
      return !ProcFile.read(Path.of("/proc/self/uid_map")).matches("0\\s+0\\s+4294967295");
    } catch (IOException e) {
      return false; // a kernel without user namespaces
    }
  }

  /** The control groups of what runs in it. */
  Cgroups cgroups() {
    return cgroups;
  }

  IdMap ids() {
    return ids;
  }

  /** The JVM's dumpable flag, which a setresuid in a child that shares its memory clears. */
  long dumpable() {
    return dumpable;
  }

  synchronized boolean alive() {
    return !closed && !life.ended;
  }

  private void requireAlive() {
    if (!alive()) {
      throw life.gone();
    }
  }

  /** Ends it because it is broken, and waits until that is known to all. */
  private void kill() {
    synchronized (this) {
      sendKill();
    }
    end.await();
  }

  private void sendKill() {
    if (pidfd >= 0) {
      Trampoline.here(Sys.PIDFD_SEND_SIGNAL, pidfd, Linux.SIGKILL, 0, 0);
    }
  }

  private void dead() {
    life.ended = true;
    lanes.forEach(Lane::wakeAll);
  }

  /**
   * Kills the keeper and with it every container process and mount, and waits until they are gone.
   */
  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      life.closed();
    }
    if (plain && !life.ended) {
      endLanes();
    }
    sendKill();
    end.await();
    synchronized (this) {
      ProcessPipes.closeFd(pidfd);
      pidfd = -1;
    }
    cgroups.close();
    free();
  }

  /** Without a pid namespace what it started has to be ended one by one, the lanes among it. */
  private synchronized void endLanes() {
    try {
      new Leftovers(control, pid()).end();
    } catch (OperationException e) {
      LOG.log(Level.DEBUG, "the keeper was killed while it ended its lanes", e);
    }
  }

  /** The lanes that are in use are freed by whoever gives them back. */
  private synchronized void free() {
    freed = true;
    idle.forEach(Lane::close);
    idle.clear();
    lanes.clear();
    control.close();
  }
}

package dev.cooper.linux;

import dev.cooper.oci.OperationException;
import java.lang.invoke.VarHandle;

/**
 * One task in the keeper's namespaces that runs the programs handed to it, one after the other.
 *
 * <p>It shares the JVM's memory and descriptors. Its word of state is a futex: idle, requested,
 * done, or dead. One thread at a time uses a lane.
 */
final class Lane implements Task, AutoCloseable {
  private static final int REQUESTED = 1;
  private static final int DONE = 2;
  private static final long LOOK_AGAIN_NANOS = 200_000_000L;
  private static final int FUTEX_WAIT_PRIVATE = 128;
  private static final int FUTEX_WAKE_PRIVATE = 129;
  private static final int STACK = 16384;

  /** So many looks in a row, a fifth of a second apart, make a stop one that lasts. */
  private static final int STOPPED_LOOKS = 5;

  private final Life life;
  private final boolean singleId;
  private final long word;
  private final long tid;
  private final long stack;
  private final long childStack;
  private long pid;
  private long hostPid;
  private long lookAt;
  private int stoppedLooks;
  private final SyscallProgram serving = new SyscallProgram(8, 64);
  private final SyscallProgram wake = new SyscallProgram(1, 64);
  private final SyscallProgram sleep = new SyscallProgram(1, 64);

  /** Whether the keeper lives, known to all its lanes. */
  static final class Life {
    private final Runnable kill;
    volatile boolean ended;

    /** Why it ended, where this JVM knows that. */
    volatile String reason = "it was killed from outside";

    /** A keeper's, with what kills it and waits until it is dead. */
    Life(Runnable kill) {
      this.kill = kill;
    }

    /** It is ended by the one who has begun it, unless it has ended before. */
    void closed() {
      if (!ended) {
        reason = "this Cooper was closed";
      }
    }

    /** Why nothing can be done in it any more. */
    OperationException gone() {
      return new OperationException(
          "the keeper, the process that holds this JVM's mounts and containers, is gone: "
              + reason
              + "; what ran in its containers is gone with it: open the container again");
    }
  }

  Lane(Life life, boolean singleId) {
    this.life = life;
    this.singleId = singleId;
    word = Memory.malloc(32);
    Memory.IO.setMemory(word, 32, (byte) 0);
    tid = word + 24;
    Memory.IO.putInt(tid, 1);
    stack = Memory.malloc(STACK);
    childStack = Memory.malloc(STACK);
    wake.call("lane", Sys.FUTEX, word, FUTEX_WAKE_PRIVATE, 1);
    // Now and then it looks for itself: a keeper that is killed wakes nobody, and what tells of its
    // death may come too early.
    long timeout = sleep.memory.zeroed(16);
    Memory.IO.putLong(timeout + 8, LOOK_AGAIN_NANOS);
    sleep.tolerate("lane", Sys.FUTEX, word, FUTEX_WAIT_PRIVATE, REQUESTED, timeout);
  }

  @Override
  public boolean hasSingleId() {
    return singleId;
  }

  /** What the lane's task runs: a few calls first, then it serves. */
  SyscallProgram serving() {
    return serving;
  }

  void started(long newPid, long newHostPid) {
    pid = newPid;
    hostPid = newHostPid;
  }

  /** Its process, as this JVM's /proc counts it. */
  long hostPid() {
    return hostPid;
  }

  /** Its process, as the keeper's namespace counts them. */
  long pid() {
    return pid;
  }

  long word() {
    return word;
  }

  /** What the kernel sets to zero when the lane's task dies, once that has asked for it. */
  long tid() {
    return tid;
  }

  long stackTop() {
    return (stack + STACK) & ~15L;
  }

  /**
   * The top of the stack that a container process runs on until it executes its command; the lane
   * waits until then.
   */
  long childStackTop() {
    return (childStack + STACK) & ~15L;
  }

  /** Hands a program over, to be awaited. */
  void submit(SyscallProgram program, int fromRow) {
    if (life.ended) {
      throw life.gone();
    }
    if (state() == REQUESTED) {
      throw new IllegalStateException("the lane still runs another program");
    }
    lookAt = System.nanoTime() + LOOK_AGAIN_NANOS;
    stoppedLooks = 0;
    Memory.IO.putLong(word + 8, program.start(fromRow));
    VarHandle.fullFence();
    Memory.IO.putInt(word, REQUESTED);
    VarHandle.fullFence();
    Trampoline.run(wake, 0);
  }

  boolean isDead() {
    return life.ended;
  }

  /** Whether the program that was handed over is done; throws if nobody will ever do it. */
  boolean isDone() {
    boolean ended = life.ended;
    boolean dead = Memory.IO.getInt(tid) == 0;
    if (state() == DONE) {
      return true;
    }
    if (dead && !ended) {
      life.kill.run(); // killed alone: what it was about to do nobody will, so the rest goes too
    }
    if (ended || dead) {
      throw life.gone();
    }
    lookForStop();
    return false;
  }

  /**
   * A task that somebody has stopped (SIGSTOP) would hold whoever waits for it, for ever. One that
   * is stopped with this JVM, as by a terminal, continues with it: looks count, not time.
   */
  private void lookForStop() {
    long now = System.nanoTime();
    if (now - lookAt < 0) {
      return;
    }
    lookAt = now + LOOK_AGAIN_NANOS;
    stoppedLooks = ProcessTree.isStopped(hostPid) ? stoppedLooks + 1 : 0;
    if (stoppedLooks == STOPPED_LOOKS) {
      life.reason = "it was stopped from outside (SIGSTOP), and so was killed";
      life.kill.run();
      throw life.gone();
    }
  }

  /** Waits for the program that was handed over; returns the row that it stopped at. */
  int await(SyscallProgram program) {
    while (!isDone()) {
      Trampoline.run(sleep, 0);
    }
    return program.rowAt(Memory.IO.getLong(word + 16));
  }

  @Override
  public int run(SyscallProgram program, int fromRow) {
    submit(program, fromRow);
    return await(program);
  }

  /** Wakes whoever waits, to see that the keeper is dead. */
  void wakeAll() {
    try (SyscallProgram all = new SyscallProgram(1, 64)) {
      all.call("lane", Sys.FUTEX, word, FUTEX_WAKE_PRIVATE, Integer.MAX_VALUE);
      Trampoline.run(all, 0);
    }
  }

  private int state() {
    int state = Memory.IO.getInt(word);
    VarHandle.fullFence();
    return state;
  }

  /** Frees the lane's memory; its task must be dead. */
  @Override
  public void close() {
    serving.close();
    wake.close();
    sleep.close();
    Memory.free(word);
    Memory.free(stack);
    Memory.free(childStack);
  }
}

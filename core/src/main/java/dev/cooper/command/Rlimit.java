package dev.cooper.command;

/** What a process's use of can be limited, in the order of the kernel's numbers (setrlimit(2)). */
public enum Rlimit {
  /** Seconds of the processor. */
  CPU(0),
  /** Bytes of a file. */
  FSIZE(1),
  /** Bytes of data. */
  DATA(2),
  /** Bytes of the stack. */
  STACK(3),
  /** Bytes of a core dump. */
  CORE(4),
  /** Bytes of resident memory; without effect. */
  RSS(5),
  /** Processes of the user. */
  NPROC(6),
  /** One more than the highest descriptor. */
  NOFILE(7),
  /** Bytes of locked memory. */
  MEMLOCK(8),
  /** Bytes of address space. */
  AS(9),
  /** Locks; without effect. */
  LOCKS(10),
  /** Signals that wait. */
  SIGPENDING(11),
  /** Bytes of POSIX messages. */
  MSGQUEUE(12),
  /** 20 less the lowest nice value. */
  NICE(13),
  /** The highest real-time priority. */
  RTPRIO(14),
  /** Microseconds of real-time scheduling. */
  RTTIME(15);

  private final int number;

  Rlimit(int number) {
    this.number = number;
  }

  /**
   * The kernel's number for it.
   *
   * @return 0 to 15
   */
  public int number() {
    return number;
  }
}

package dev.cooper.linux;

/**
 * Something that runs programs of system calls: this thread, or a lane of the keeper with its
 * credentials and mounts.
 */
interface Task {
  /** This thread, with the JVM's own credentials and mounts. */
  Task HERE = Trampoline::run;

  /**
   * Runs a program from a row and waits for it; returns the row that it stopped at, which is its
   * size if nothing failed.
   */
  int run(SyscallProgram program, int fromRow);

  /** Whether one id owns every file, and who else owns it in its image stands beside it. */
  default boolean hasSingleId() {
    return false;
  }

  /** Runs a program and throws the first failure. */
  default void run(SyscallProgram program) {
    int stopped = run(program, 0);
    if (stopped < program.size()) {
      throw failure(program, stopped);
    }
  }

  /** What a row that failed is thrown as. */
  default SystemCallException failure(SyscallProgram program, int row) {
    return program.failure(row);
  }
}

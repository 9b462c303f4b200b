package dev.cooper.linux;

import java.nio.file.Path;

/** This thread, as it reads a file or tree of the host: a failure names the file by its path. */
record HostReading(Path source) implements Task {
  @Override
  public int run(SyscallProgram program, int fromRow) {
    return Task.HERE.run(program, fromRow);
  }

  @Override
  public SystemCallException failure(SyscallProgram program, int row) {
    return failure(program.failure(row), program.subject(row));
  }

  /**
   * What a failed call says of a file.
   *
   * @param subject the file's path in the source, or a slash for the source itself
   */
  private SystemCallException failure(SystemCallException cause, String subject) {
    Path whole = source.toAbsolutePath();
    String file = subject.equals("/") ? whole.toString() : whole + "/" + subject;
    boolean denied = cause.errno() == Linux.EACCES || cause.errno() == Linux.EPERM;
    return cause.during(
        "cannot read " + file,
        denied ? "this user has no permission: grant it, or leave the file out" : "");
  }

  /** The source itself could not be opened. */
  SystemCallException failure(int errno) {
    return failure(new SystemCallException("openat", "it", errno), "/");
  }
}

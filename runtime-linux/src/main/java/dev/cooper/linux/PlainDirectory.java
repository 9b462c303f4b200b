package dev.cooper.linux;

import java.nio.file.Path;

/**
 * Takes from a directory of the store what its files would inherit from whoever made the store's
 * own: a default access control list and a group, which would get into images.
 */
final class PlainDirectory {
  private PlainDirectory() {}

  /** Opens a directory, makes it root's with mode 0755, and gives its descriptor. */
  static int open(Task task, Path directory) {
    try (SyscallProgram program = new SyscallProgram(8, 8192)) {
      int flags = Linux.O_RDONLY | Linux.O_DIRECTORY | Linux.O_CLOEXEC;
      long path = program.memory.string(HostPath.bytes(directory));
      int open = program.call(directory, Sys.OPENAT, Linux.AT_FDCWD, path, flags);
      inheritNothing(program, open);
      int owner = program.call(directory, Sys.FCHOWN, 0, 0, 0);
      int mode = program.call(directory, Sys.FCHMOD, 0, 0755);
      program.resultOf(owner, 0, open).resultOf(mode, 0, open);
      task.run(program);
      return (int) program.result(open);
    }
  }

  /** The same for one that only we work in, and which stays its owner's. */
  static void prepare(Path directory) {
    try (SyscallProgram program = new SyscallProgram(8, 8192)) {
      int flags = Linux.O_RDONLY | Linux.O_DIRECTORY | Linux.O_CLOEXEC;
      long path = program.memory.string(HostPath.bytes(directory));
      int open = program.call(directory, Sys.OPENAT, Linux.AT_FDCWD, path, flags);
      inheritNothing(program, open);
      int mode = program.call(directory, Sys.FCHMOD, 0, 0755);
      int close = program.call(directory, Sys.CLOSE, 0);
      program.resultOf(mode, 0, open).resultOf(close, 0, open);
      Task.HERE.run(program);
    }
  }

  private static void inheritNothing(SyscallProgram program, int open) {
    for (String each : new String[] {"system.posix_acl_default", "system.posix_acl_access"}) {
      long name = program.memory.string(each);
      program.resultOf(program.tolerate(each, Sys.FREMOVEXATTR, 0, name), 0, open);
    }
  }
}

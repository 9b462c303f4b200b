package dev.cooper.linux;

/**
 * The rows that make a file system, as a mount that is nowhere yet (fsopen(2), fsmount(2)).
 *
 * @param context the slot of the descriptor that it is made by
 * @param mount the slot of the mount's descriptor
 */
record NewFileSystem(long context, long mount) {
  /**
   * Adds them.
   *
   * @param kind as in /proc/filesystems
   * @param attributes the mount's
   * @param options flags, or names and values with a = between
   */
  static NewFileSystem add(
      SyscallProgram program, String kind, long attributes, String... options) {
    Memory memory = program.memory;
    NewFileSystem made = new NewFileSystem(memory.zeroed(8), memory.zeroed(8));
    int open = program.call(kind, Sys.FSOPEN, memory.string(kind), Linux.FSOPEN_CLOEXEC);
    program.into(open, made.context);
    for (String option : options) {
      made.configure(program, kind, option);
    }
    String what = "a new " + kind;
    int create = program.call(what, Sys.FSCONFIG, 0, Linux.FSCONFIG_CMD_CREATE, 0, 0, 0);
    int mounted = program.call(what, Sys.FSMOUNT, 0, Linux.FSMOUNT_CLOEXEC, attributes);
    program.from(create, 0, made.context).from(mounted, 0, made.context).into(mounted, made.mount);
    return made;
  }

  private void configure(SyscallProgram program, String kind, String option) {
    int equals = option.indexOf('=');
    boolean flag = equals < 0;
    Memory memory = program.memory;
    int row =
        program.call(
            kind + " " + option,
            Sys.FSCONFIG,
            0,
            flag ? Linux.FSCONFIG_SET_FLAG : Linux.FSCONFIG_SET_STRING,
            memory.string(flag ? option : option.substring(0, equals)),
            flag ? 0 : memory.string(option.substring(equals + 1)),
            0);
    program.from(row, 0, context);
  }

  /** Closes both descriptors, as far as they were opened. */
  void close(Task task) {
    for (long slot : new long[] {mount, context}) {
      int fd = (int) Memory.IO.getLong(slot);
      if (fd > 0) {
        TreeRemover.close(task, fd);
      }
    }
  }
}

package dev.cooper.linux;

import static dev.cooper.linux.Linux.O_CLOEXEC;
import static dev.cooper.linux.Linux.O_NOFOLLOW;
import static dev.cooper.linux.Linux.O_NONBLOCK;
import static dev.cooper.linux.Linux.O_RDWR;
import static dev.cooper.linux.Linux.O_WRONLY;

import java.util.List;

/**
 * The outputs of a process as pipes with names, {@code /dev/stdout} and {@code /dev/stderr}, where
 * no /proc can be mounted that would name them.
 *
 * <p>The process's descriptors 1 and 2 are the same pipes, so that what is written either way comes
 * in the order of its writing.
 */
final class OutputFifos implements AutoCloseable {
  private static final List<String> NAMES = List.of("stdout", "stderr");

  private final long[] ours = {-1, -1};
  private final long[] childs = {-1, -1};

  /** Makes and opens them in an open directory, which nothing of the image's has reached yet. */
  OutputFifos(Lane lane, long directory) {
    try (SyscallProgram program = SyscallProgram.small()) {
      int[] opened = new int[2 * NAMES.size()];
      for (int i = 0; i < NAMES.size(); i++) {
        String subject = "/dev/" + NAMES.get(i);
        long name = program.memory.string(NAMES.get(i));
        program.call(subject, Sys.MKNODAT, directory, name, Linux.S_IFIFO | 0622, 0);
        // Ours writes too: the end of the first who opens it by name is not the end of all.
        int flags = O_NOFOLLOW | O_CLOEXEC;
        opened[i] = program.call(subject, Sys.OPENAT, directory, name, O_RDWR | O_NONBLOCK | flags);
        opened[2 + i] = program.call(subject, Sys.OPENAT, directory, name, O_WRONLY | flags);
      }
      int stopped = lane.run(program, 0);
      for (int i = 0; i < NAMES.size(); i++) {
        ours[i] = taken(program, opened[i], stopped);
        childs[i] = taken(program, opened[2 + i], stopped);
      }
      if (stopped < program.size()) {
        close();
        throw program.failure(stopped);
      }
    }
  }

  private static long taken(SyscallProgram program, int row, int stopped) {
    return row < stopped ? ProcessPipes.aboveTheChilds(program.result(row)) : -1;
  }

  /** Gives them to the one who closes them: first our ends, then those of the process's 1 and 2. */
  void open(long[] readEnds, long[] childEnds) {
    for (int i = 0; i < NAMES.size(); i++) {
      readEnds[i] = ours[i];
      childEnds[i + 1] = childs[i];
      ours[i] = -1;
      childs[i] = -1;
    }
  }

  /** Closes what nobody has taken. */
  @Override
  public void close() {
    for (int i = 0; i < NAMES.size(); i++) {
      ProcessPipes.closeFd(ours[i]);
      ProcessPipes.closeFd(childs[i]);
    }
  }
}

package dev.cooper.linux;

import static dev.cooper.linux.Linux.O_CLOEXEC;
import static dev.cooper.linux.Linux.O_PATH;

import dev.cooper.oci.ByteString;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the kernel says of files that differs once they are changed: inode, times, size, mode. */
final class FileStamps {
  /** A change within the clock's tick of another cannot be told from it. */
  private static final long TICK_MILLIS = 100;

  private FileStamps() {}

  /** One program asks for all of them; null if one was changed a moment ago. */
  static @Nullable ByteString of(Task task, int root, List<ByteString> paths) {
    try (SyscallProgram program = new SyscallProgram(3 * paths.size(), 8192)) {
      Memory memory = program.memory;
      long how =
          TreePaths.how(
              memory, O_PATH | O_CLOEXEC, Linux.RESOLVE_IN_ROOT | Linux.RESOLVE_NO_MAGICLINKS);
      long empty = memory.string("");
      long stats = memory.zeroed((long) Stat.SIZE * paths.size());
      for (int i = 0; i < paths.size(); i++) {
        ByteString path = paths.get(i);
        int open = program.tolerate(path, Sys.OPENAT2, root, memory.string(path), how, 24);
        long stat = stats + (long) Stat.SIZE * i;
        int ask =
            program.tolerate(path, Sys.STATX, 0, empty, Linux.AT_EMPTY_PATH, Stat.BASIC, stat);
        int close = program.tolerate(path, Sys.CLOSE, 0);
        program.resultOf(ask, 0, open).resultOf(close, 0, open);
      }
      task.run(program);
      long settled = Instant.now().toEpochMilli() - TICK_MILLIS;
      for (int i = 0; i < paths.size(); i++) {
        long stat = stats + (long) Stat.SIZE * i;
        if (Stat.ctimeMillis(stat) > settled) {
          return null;
        }
        Stat.clearAtime(stat);
      }
      byte[] all = new byte[Stat.SIZE * paths.size()];
      Memory.IO.getByteArray(stats, all, 0, all.length);
      return ByteString.of(all);
    }
  }
}

package dev.cooper.linux;

import dev.cooper.command.Rlimit;
import dev.cooper.command.Security;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/** The rows that set what a container's process is limited in (setrlimit(2)). */
final class Rlimits {
  /**
   * The JVM raises its own soft limit on descriptors to the hard one; programs that close every
   * descriptor one by one take minutes then.
   */
  private static final int OPEN_FILES = 1024;

  private static final long HARD_OPEN_FILES = hardOpenFiles();

  private Rlimits() {}

  private static long hardOpenFiles() {
    try (SyscallProgram asked = new SyscallProgram(1, 64)) {
      long limit = asked.memory.zeroed(16);
      asked.call("open files", Sys.PRLIMIT64, 0, Rlimit.NOFILE.number(), 0, limit);
      Task.HERE.run(asked);
      return Memory.IO.getLong(limit + 8);
    }
  }

  /**
   * Adds the rows; what still has to be written, opened or cloned for the process comes before
   * them.
   */
  static void set(SyscallProgram program, Map<Rlimit, Security.Ulimit> asked) {
    all(asked)
        .forEach(
            (what, limit) -> {
              long at = program.memory.allocate(16);
              Memory.IO.putLong(at, limit.soft());
              Memory.IO.putLong(at + 8, limit.hard());
              program.call(describe(what, limit), Sys.PRLIMIT64, 0, what.number(), at, 0);
            });
  }

  /** Those that are set, with what is asked for. */
  static Map<Rlimit, Security.Ulimit> all(Map<Rlimit, Security.Ulimit> asked) {
    Map<Rlimit, Security.Ulimit> limits = new EnumMap<>(Rlimit.class);
    limits.put(Rlimit.NOFILE, openFiles(HARD_OPEN_FILES));
    limits.putAll(asked);
    return limits;
  }

  /** What a process gets that asks for nothing; no limit is -1, the highest that there is. */
  static Security.Ulimit openFiles(long hard) {
    long soft = Long.compareUnsigned(hard, OPEN_FILES) < 0 ? hard : OPEN_FILES;
    return new Security.Ulimit(soft, hard);
  }

  private static String describe(Rlimit what, Security.Ulimit limit) {
    return what.name().toLowerCase(Locale.ROOT) + "=" + limit.soft() + ":" + limit.hard();
  }
}

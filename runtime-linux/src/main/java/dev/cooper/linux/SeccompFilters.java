package dev.cooper.linux;

import dev.cooper.command.Seccomp;
import dev.cooper.oci.OperationException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The compiled filters, each made once for what it depends on, and the row that loads one.
 *
 * <p>It is loaded by the container's own task: nothing of the keeper's is ever filtered.
 * Thread-safe.
 */
final class SeccompFilters {
  private static final int SET_MODE_FILTER = 1;
  private static final int KEPT = 64;
  private static final Map<Long, byte[]> STANDARD = new ConcurrentHashMap<>();
  private static final Map<Key, byte[]> PROFILES = new ConcurrentHashMap<>();

  /** What the process itself still has to call once the filter is loaded. */
  private static final List<String> TO_EXECUTE =
      List.of("execveat", "fcntl", "execve", "write", "exit_group");

  private static final List<String> TO_DROP_RIGHTS =
      List.of("setgroups", "setresgid", "setresuid", "prctl", "capset", "chdir", "rt_sigprocmask");

  private SeccompFilters() {}

  private record Key(Seccomp.Profile profile, long capabilities, boolean rightsAreDropped) {}

  /**
   * Adds the row that loads the filter, if there is to be one.
   *
   * @param rightsAreDropped whether only the command is still to be executed
   */
  static void load(
      SyscallProgram program, Seccomp choice, long capabilities, boolean rightsAreDropped) {
    if (choice instanceof Seccomp.Unconfined) {
      return;
    }
    byte[] filter =
        choice instanceof Seccomp.Profile profile
            ? of(new Key(profile, capabilities, rightsAreDropped))
            : STANDARD.computeIfAbsent(capabilities, SeccompFilters::standard);
    long description = program.memory.zeroed(16); // struct sock_fprog
    Memory.IO.putShort(description, (short) (filter.length / 8));
    Memory.IO.putLong(description + 8, program.memory.bytes(filter));
    program.call("filter", Sys.SECCOMP, SET_MODE_FILTER, 0, description);
  }

  /** The rules, for who makes a filter of them by itself; null for none. */
  static @Nullable SeccompPolicy policy(Seccomp choice, long capabilities) {
    if (choice instanceof Seccomp.Unconfined) {
      return null;
    }
    SeccompScope scope = SeccompScope.here(capabilities);
    return choice instanceof Seccomp.Profile profile
        ? SeccompProfile.parse(profile.name(), profile.json(), scope)
        : DefaultSeccomp.policy(scope);
  }

  private static byte[] standard(long capabilities) {
    SeccompScope scope = SeccompScope.here(capabilities);
    return SeccompFilter.compile(DefaultSeccomp.policy(scope), scope.abi());
  }

  private static byte[] of(Key key) {
    if (PROFILES.size() > KEPT) {
      PROFILES.clear(); // an application that makes up profiles as it goes
    }
    return PROFILES.computeIfAbsent(key, SeccompFilters::compile);
  }

  private static byte[] compile(Key key) {
    SeccompScope scope = SeccompScope.here(key.capabilities);
    String name = key.profile.name();
    SeccompPolicy policy = SeccompProfile.parse(name, key.profile.json(), scope);
    requireStart(name, policy, key.rightsAreDropped);
    return SeccompFilter.compile(policy, scope.abi());
  }

  private static void requireStart(String profile, SeccompPolicy policy, boolean rightsAreDropped) {
    List<String> needed = new ArrayList<>(TO_EXECUTE);
    if (!rightsAreDropped) {
      needed.addAll(TO_DROP_RIGHTS);
    }
    needed.removeIf(policy::mayLetThrough);
    if (!needed.isEmpty()) {
      throw new OperationException(
          "no command can start under the seccomp profile "
              + profile
              + ": it refuses "
              + String.join(", ", needed)
              + (rightsAreDropped
                  ? ": allow them"
                  : ": allow them, or set noNewPrivileges(true), with which the filter is loaded last"));
    }
  }
}

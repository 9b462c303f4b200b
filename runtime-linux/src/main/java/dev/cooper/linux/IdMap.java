package dev.cooper.linux;

import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Which ids of the host stand for the ids inside a user namespace: 0 for the user, 1 and up for its
 * subordinate ids (subuid(5), subgid(5)).
 *
 * @param user the user's name
 * @param uid its uid on the host
 * @param gid its gid on the host
 * @param uids its subordinate ranges of uids
 * @param gids its subordinate ranges of gids
 * @param single whether 0 is the only id, as which everything belongs to the user
 */
record IdMap(String user, long uid, long gid, List<Range> uids, List<Range> gids, boolean single) {
  private static final String OR_SINGLE =
      "; or do with a single id (Cooper.builder().ids(Ids.SINGLE), COOPER_IDS=single)";

  /** A subordinate range: so many ids of the host from a first one. */
  record Range(long first, long count) {}

  static IdMap none() {
    return new IdMap("root", 0, 0, List.of(), List.of(), false);
  }

  /**
   * The user's own id alone, which needs no subordinate ids and no helper.
   *
   * <p>Where root has other ids too a chown to them would succeed, and be lost beside what is noted
   * as the owner.
   */
  static IdMap singleId() {
    if (Trampoline.here(Sys.GETEUID) == 0 && covers(Path.of("/proc/self/uid_map"), 1)) {
      throw new OperationException(
          "root has every id here, and a single one was asked for (Ids.SINGLE, COOPER_IDS): take mapped ids (Ids.MAPPED), which need nothing more");
    }
    return new IdMap(
        System.getProperty("user.name", ""),
        Trampoline.here(Sys.GETEUID),
        Trampoline.here(Sys.GETEGID),
        List.of(),
        List.of(),
        true);
  }

  /** The map for the user who runs this JVM, as this host has it. */
  static IdMap ofThisUser() {
    return ofUser(
        Trampoline.here(Sys.GETEUID),
        Trampoline.here(Sys.GETEGID),
        Path.of("/etc/subuid"),
        Path.of("/etc/subgid"));
  }

  /** The map for the user who runs this JVM. */
  static IdMap ofUser(long uid, long gid, Path subuid, Path subgid) {
    String user = System.getProperty("user.name", "");
    return new IdMap(user, uid, gid, ranges(subuid, user, uid), ranges(subgid, user, uid), false);
  }

  private static List<Range> ranges(Path file, String user, long uid) {
    List<Range> found = new ArrayList<>();
    try {
      ProcFile.lines(file).stream()
          .map(line -> line.strip().split(":"))
          .filter(parts -> parts.length == 3)
          .filter(parts -> parts[0].equals(user) || parts[0].equals(Long.toString(uid)))
          .forEach(parts -> range(parts).ifPresent(found::add));
    } catch (IOException e) {
      throw new OperationException(
          "cannot read "
              + file
              + ": it names the ids that user "
              + user
              + " may use inside a container: create it with the line "
              + user
              + ":100000:65536"
              + OR_SINGLE,
          e);
    }
    if (found.isEmpty()) {
      throw new OperationException(
          "no subordinate ids for user "
              + user
              + " in "
              + file
              + ": add the line "
              + user
              + ":100000:65536 (usermod --add-subuids 100000-165535 --add-subgids 100000-165535 "
              + user
              + ", as root)"
              + OR_SINGLE);
    }
    return found;
  }

  private static Optional<Range> range(String[] parts) {
    try {
      Range range = new Range(Long.parseLong(parts[1]), Long.parseLong(parts[2]));
      return range.count() > 0 ? Optional.of(range) : Optional.empty();
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  /**
   * Writes the map for a process in a new user namespace: with the host's setuid newuidmap and
   * newgidmap, unless it is of the user's own id alone.
   */
  void write(int pid) {
    if (single) {
      writeSingle(Path.of("/proc", Integer.toString(pid)));
      return;
    }
    run("newgidmap", pid, gid, gids);
    run("newuidmap", pid, uid, uids);
  }

  /** Whoever may set groups could leave one that keeps it from a file, so the kernel wants a no. */
  private void writeSingle(Path process) {
    try {
      Files.writeString(process.resolve("setgroups"), "deny");
      Files.writeString(process.resolve("gid_map"), "0 " + gid + " 1\n");
      Files.writeString(process.resolve("uid_map"), "0 " + uid + " 1\n");
    } catch (IOException e) {
      throw new OperationException(
          "cannot map user " + user + " to id 0 of a user namespace: " + e, e);
    }
  }

  private void run(String tool, int pid, long self, List<Range> ranges) {
    List<String> command =
        new ArrayList<>(List.of(Integer.toString(pid), "0", Long.toString(self), "1"));
    long next = 1;
    for (Range range : ranges) {
      command.addAll(
          List.of(Long.toString(next), Long.toString(range.first()), Long.toString(range.count())));
      next += range.count();
    }
    new MapTool(tool, user).run(command);
  }

  /** Whether a map of the kernel's (user_namespaces(7)) covers an id inside. */
  static boolean covers(Path map, long id) {
    try {
      for (String line : ProcFile.lines(map)) {
        String[] parts = line.strip().split("\\s+");
        long first = Long.parseLong(parts[0]);
        if (id >= first && id < first + Long.parseLong(parts[2])) {
          return true;
        }
      }
      return false;
    } catch (IOException e) {
      return true; // a kernel without user namespaces
    }
  }

  /** How many ids, from 0, a file inside may have as its owner. */
  long size() {
    return 1 + uids.stream().mapToLong(Range::count).sum();
  }
}

package dev.cooper.linux;

import static dev.cooper.linux.Linux.AT_FDCWD;

import dev.cooper.oci.ByteString;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Whether file systems can hold an overlay's changes: tried by a real mount and a real whiteout,
 * once for each, as neither a version nor a name tells. Thread-safe.
 */
final class OverlayProbe implements Overlays {
  private static final ByteString NAME = ByteString.utf8("probe");

  private final Map<Long, Optional<String>> known = new ConcurrentHashMap<>();

  @Override
  public @Nullable String refusal(Keeper keeper, Lane lane, Path directory) {
    int fd = open(lane, directory);
    try {
      long fileSystem = fileSystem(lane, fd);
      Optional<String> told = known.get(fileSystem);
      if (told == null) {
        told = Optional.ofNullable(probe(lane, fd, keeper.rootless()));
        known.put(fileSystem, told);
      }
      return told.orElse(null);
    } finally {
      TreeRemover.close(lane, fd);
    }
  }

  private static int open(Lane lane, Path directory) {
    try (SyscallProgram program = new SyscallProgram(1, 8192)) {
      int flags = Linux.O_RDONLY | Linux.O_DIRECTORY | Linux.O_CLOEXEC;
      long path = program.memory.string(HostPath.bytes(directory));
      program.call(directory, Sys.OPENAT, AT_FDCWD, path, flags);
      lane.run(program);
      return (int) program.result(0);
    }
  }

  private static long fileSystem(Lane lane, int fd) {
    try (SyscallProgram program = SyscallProgram.small()) {
      long stat = program.memory.zeroed(Stat.SIZE);
      long empty = program.memory.string("");
      program.call("store", Sys.STATX, fd, empty, Linux.AT_EMPTY_PATH, Stat.BASIC, stat);
      lane.run(program);
      return Stat.fileSystem(stat);
    }
  }

  private static @Nullable String probe(Lane lane, int fd, boolean rootless) {
    TreeRemover.remove(lane, fd, NAME); // of a JVM that was killed here
    try (SyscallProgram program = SyscallProgram.small()) {
      Memory memory = program.memory;
      int enter = program.call("probe", Sys.FCHDIR, fd);
      for (String each : new String[] {"", "/lower", "/upper", "/work", "/merged"}) {
        program.call("probe", Sys.MKDIRAT, AT_FDCWD, memory.string("probe" + each), 0700);
      }
      program.call("probe", Sys.MKNODAT, AT_FDCWD, memory.string("probe/lower/x"), 0x8180, 0);
      String options = "lowerdir=probe/lower,upperdir=probe/upper,workdir=probe/work";
      long overlay = memory.string("overlay");
      long merged = memory.string("probe/merged");
      int mount =
          program.call(
              "an overlay of the store",
              Sys.MOUNT,
              overlay,
              merged,
              overlay,
              0,
              memory.string(options + (rootless ? ",userxattr" : "")));
      int hide =
          program.tolerate(
              "a whiteout", Sys.UNLINKAT, AT_FDCWD, memory.string("probe/merged/x"), 0);
      program.call("probe", Sys.UMOUNT2, merged, Linux.MNT_DETACH);
      int stopped = lane.run(program, enter);
      if (stopped < mount) {
        throw program.failure(stopped);
      }
      if (stopped < program.size()) {
        return program.failure(stopped).getMessage();
      }
      return program.errno(hide) == 0 ? null : program.failure(hide).getMessage();
    } finally {
      TreeRemover.remove(lane, fd, NAME);
    }
  }
}

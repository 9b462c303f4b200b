package dev.cooper.linux;

import dev.cooper.command.Isolation;
import dev.cooper.oci.OperationException;
import dev.cooper.spi.RuntimeOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the store's file system can do, tried in an empty directory on it. */
record StoreDisk(RuntimeOptions options, Path directory) {
  String fileSystem() {
    try {
      String type = Files.getFileStore(directory).type();
      return type
          + " at "
          + directory.getParent()
          + ", "
          + (clones() ? "with" : "without")
          + " reflinks";
    } catch (IOException e) {
      throw new OperationException("cannot look at the file system of " + directory + ": " + e, e);
    }
  }

  /** Whether a file can share another's blocks (FICLONE). */
  private boolean clones() {
    try (SyscallProgram program = new SyscallProgram(8, 8192)) {
      int create = Linux.O_RDWR | Linux.O_CREAT | Linux.O_EXCL | Linux.O_CLOEXEC;
      long from = program.memory.string(HostPath.bytes(directory.resolve("from")));
      long to = program.memory.string(HostPath.bytes(directory.resolve("to")));
      int source = program.call(directory, Sys.OPENAT, Linux.AT_FDCWD, from, create, 0600);
      int target = program.call(directory, Sys.OPENAT, Linux.AT_FDCWD, to, create, 0600);
      int clone = program.tolerate(directory, Sys.IOCTL, 0, Linux.FICLONE, 0);
      program.resultOf(clone, 0, target).resultOf(clone, 2, source);
      for (int each : new int[] {source, target}) {
        program.resultOf(program.call(directory, Sys.CLOSE, 0), 0, each);
      }
      for (long each : new long[] {from, to}) {
        program.call(directory, Sys.UNLINKAT, Linux.AT_FDCWD, each, 0);
      }
      Task.HERE.run(program);
      return program.errno(clone) == 0;
    }
  }

  String overlay() {
    try (LinuxRuntime runtime = new LinuxRuntime(options.withIsolation(Isolation.NAMESPACES))) {
      Keeper keeper = runtime.keeper();
      Lane lane = keeper.acquire();
      try {
        String refusal = new OverlayProbe().refusal(keeper, lane, directory);
        if (refusal != null) {
          throw new OperationException(
              "none can be mounted here, and layers are copied: "
                  + refusal
                  + ": put the store on ext4, xfs, btrfs or tmpfs (COOPER_STORE)");
        }
        return "mounted, with a whiteout";
      } finally {
        keeper.release(lane);
      }
    }
  }
}

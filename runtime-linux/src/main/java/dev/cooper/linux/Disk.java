package dev.cooper.linux;

import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Which disk a directory lies on, as the kernel numbers it. */
final class Disk {
  private Disk() {}

  /**
   * The number of the whole disk, {@code MAJOR:MINOR}, as limits take it.
   *
   * @throws OperationException if it lies on none, as in memory or on a network
   */
  static String of(Path directory) {
    try (SyscallProgram program = new SyscallProgram(1, 8192)) {
      long stat = program.memory.zeroed(Stat.SIZE);
      long name = program.memory.string(HostPath.bytes(directory));
      program.call(directory, Sys.STATX, Linux.AT_FDCWD, name, 0, Stat.BASIC, stat);
      Task.HERE.run(program);
      String number = Stat.diskMajor(stat) + ":" + Stat.diskMinor(stat);
      Path device = Path.of("/sys/dev/block", number);
      if (Files.notExists(device)) {
        throw new OperationException(
            "cannot limit what is read and written: "
                + directory
                + " lies on no disk (device "
                + number
                + "): set the store to a directory on one, or ask for no limit");
      }
      Path whole = device.toRealPath();
      if (Files.exists(whole.resolve("partition"))) {
        number = ProcFile.read(whole.resolveSibling("dev"));
      }
      return number;
    } catch (IOException e) {
      throw new OperationException("cannot find the disk of " + directory + ": " + e, e);
    }
  }
}

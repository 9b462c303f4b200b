package dev.cooper.linux;

import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Ends whatever a lane has left below it, where no pid namespace does: what a command put into the
 * background, or what it forked.
 *
 * <p>The lane is a subreaper: the children of what ends become its own. So only its own children
 * are killed, whose process ids nobody else can reap and give to others meanwhile; a process that
 * is being killed can fork no more. It is done when the kernel says that there are no children.
 *
 * @param lane whose children they are; it must be idle
 * @param pid its process
 */
record Leftovers(Lane lane, long pid) {
  private static final long PAUSE_NANOS = 200_000;

  void end() {
    try (SyscallProgram reap = new SyscallProgram(1, 64)) {
      reap.tolerate("what is left", Sys.WAIT4, -1, 0, Linux.WALL | Linux.WNOHANG, 0);
      while (true) {
        lane.run(reap);
        if (reap.errno(0) == Linux.ECHILD) {
          return;
        }
        if (reap.result(0) == 0) {
          children().forEach(child -> Trampoline.here(Sys.KILL, child, Linux.SIGKILL));
          LockSupport.parkNanos(PAUSE_NANOS);
        }
      }
    }
  }

  private List<Long> children() {
    try {
      // Needs CONFIG_PROC_CHILDREN.
      return numbers(ProcFile.text(Path.of("/proc/" + pid + "/task/" + pid + "/children")));
    } catch (IOException e) {
      return walk();
    }
  }

  private static List<Long> numbers(String text) {
    List<Long> numbers = new ArrayList<>();
    for (String each : text.split(" ", -1)) {
      if (!each.isEmpty()) {
        numbers.add(Long.parseLong(each));
      }
    }
    return numbers;
  }

  /** By what each process says of its parent. */
  private List<Long> walk() {
    List<Long> found = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path each : all) {
        if (parent(each) == pid) {
          found.add(Long.parseLong(String.valueOf(each.getFileName())));
        }
      }
    } catch (IOException e) {
      throw new OperationException(
          "cannot find what a command left behind: /proc is not readable", e);
    }
    return found;
  }

  /** The name, in parentheses, may hold anything. */
  private static long parent(Path process) {
    try {
      String stat = ProcFile.read(process.resolve("stat"));
      return Long.parseLong(stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[1]);
    } catch (IOException e) {
      return -1; // gone meanwhile
    }
  }
}

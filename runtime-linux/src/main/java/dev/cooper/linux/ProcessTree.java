package dev.cooper.linux;

import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** Which processes are below another, as this JVM's /proc counts them. */
final class ProcessTree {
  private static final Path PROC = Path.of("/proc");

  private ProcessTree() {}

  /** Which process a descriptor is of, as this JVM's /proc counts it; the descriptor is closed. */
  static long ofDescriptor(int pidfd) {
    try {
      for (String line : ProcFile.lines(Path.of("/proc/self/fdinfo/" + pidfd))) {
        if (line.startsWith("Pid:")) {
          return Long.parseLong(line.substring("Pid:".length()).strip());
        }
      }
      return 0;
    } catch (IOException e) {
      return 0; // no /proc: then nobody can be looked after
    } finally {
      ProcessPipes.closeFd(pidfd);
    }
  }

  /** Its children, and theirs, and so on; those that come or go meanwhile may be missing. */
  static List<Long> descendants(long pid) {
    List<Long> found = new ArrayList<>();
    Deque<Long> parents = new ArrayDeque<>(List.of(pid));
    while (!parents.isEmpty()) {
      List<Long> children = children(parents.remove());
      found.addAll(children);
      parents.addAll(children);
    }
    return found;
  }

  /** The kernel lists those of each thread apart. */
  static List<Long> children(long pid) {
    List<Long> found = new ArrayList<>();
    Path threads = PROC.resolve(pid + "/task");
    try (DirectoryStream<Path> all = Files.newDirectoryStream(threads)) {
      for (Path thread : all) {
        // Needs CONFIG_PROC_CHILDREN.
        found.addAll(numbers(ProcFile.text(thread.resolve("children"))));
      }
      return found;
    } catch (IOException e) {
      return Files.exists(PROC.resolve(Long.toString(pid))) ? walk(pid) : List.of();
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
  private static List<Long> walk(long pid) {
    List<Long> found = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(PROC, "[0-9]*")) {
      for (Path each : all) {
        if (parent(each) == pid) {
          found.add(Long.parseLong(String.valueOf(each.getFileName())));
        }
      }
    } catch (IOException e) {
      throw new OperationException(
          "cannot find the children of process " + pid + ": /proc is not readable", e);
    }
    return found;
  }

  private static long parent(Path process) {
    try {
      return Long.parseLong(state(process)[1]);
    } catch (IOException e) {
      return -1; // gone meanwhile
    }
  }

  /** Whether a signal has stopped it (SIGSTOP); a tracer's stop is none. */
  static boolean isStopped(long pid) {
    try {
      return state(PROC.resolve(Long.toString(pid)))[0].equals("T");
    } catch (IOException e) {
      return false; // gone meanwhile
    }
  }

  /** What follows the name, which is in parentheses and may hold anything: state, parent, … */
  private static String[] state(Path process) throws IOException {
    String stat = ProcFile.read(process.resolve("stat"));
    return stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
  }
}

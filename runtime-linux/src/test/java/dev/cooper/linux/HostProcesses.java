package dev.cooper.linux;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Looks for processes on the host: what this JVM has started, and what nobody holds any more. What
 * another JVM of tests has started is not this one's, though it has the same arguments.
 */
final class HostProcesses {
  private HostProcesses() {}

  /** The pids of those whose arguments, each ended by a zero byte, end in a text. */
  static List<String> of(String arguments) throws IOException {
    List<String> found = new ArrayList<>();
    try (Stream<Path> all = Files.list(Path.of("/proc"))) {
      for (Path process : all.filter(path -> isPid(path.getFileName())).toList()) {
        if (read(process.resolve("cmdline")).endsWith(arguments) && !isAnothers(process)) {
          found.add(process.getFileName().toString());
        }
      }
    }
    return found;
  }

  /** The same, once there are any; none after five seconds. */
  static List<String> await(String arguments) throws IOException, InterruptedException {
    List<String> found = of(arguments);
    for (int i = 0; i < 250 && found.isEmpty(); i++) {
      Thread.sleep(20);
      found = of(arguments);
    }
    return found;
  }

  /** Whether none is left within a second. */
  static boolean goneWithinASecond(String arguments) throws IOException, InterruptedException {
    long end = System.nanoTime() + 1_000_000_000L;
    while (!of(arguments).isEmpty()) {
      if (System.nanoTime() > end) {
        return false;
      }
      Thread.sleep(10);
    }
    return true;
  }

  /** Sends SIGKILL; returns kill(1)'s status. */
  static int kill(String pid) throws IOException, InterruptedException {
    return new ProcessBuilder("/bin/busybox", "kill", "-KILL", pid).inheritIO().start().waitFor();
  }

  /**
   * Whether it comes from a JVM beside this one: both were started by the same Java program, which
   * is Maven. A process that lost its parent goes to the init process, and counts.
   */
  private static boolean isAnothers(Path process) {
    List<ProcessHandle> above = lineage(ProcessHandle.current());
    return ProcessHandle.of(Long.parseLong(process.getFileName().toString())).stream()
        .flatMap(each -> lineage(each).stream())
        .filter(above::contains)
        .findFirst()
        .filter(common -> !common.equals(ProcessHandle.current()))
        .flatMap(common -> common.info().command())
        .map(command -> Path.of(command).endsWith("java"))
        .orElse(false);
  }

  /** A process, its parent, and so on. */
  private static List<ProcessHandle> lineage(ProcessHandle process) {
    return Stream.iterate(
            Optional.of(process), Optional::isPresent, each -> each.flatMap(ProcessHandle::parent))
        .map(Optional::orElseThrow)
        .toList();
  }

  private static boolean isPid(Path name) {
    return Character.isDigit(name.toString().charAt(0));
  }

  /** A process that is gone by now says nothing. */
  private static String read(Path file) {
    try {
      return Files.readString(file, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return "";
    }
  }
}

package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import com.sun.security.auth.module.UnixSystem;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The peers' tools, as processes. */
final class Tools {
  private static final long MINUTES = 5;

  private Tools() {}

  /** How a tool ended. */
  record Ended(int status, String output) {}

  static boolean isRoot() {
    return new UnixSystem().getUid() == 0;
  }

  /** Skips the test where a tool is missing; in CI that is a failure. */
  static void require(String... tools) {
    for (String tool : tools) {
      boolean found =
          List.of(System.getenv("PATH").split(":")).stream()
              .anyMatch(directory -> Files.isExecutable(Path.of(directory, tool)));
      if (!found) {
        missing("the tool " + tool + " is not installed");
      }
    }
  }

  /** What a test needs is not here. */
  static void missing(String what) {
    if ("true".equals(System.getenv("CI"))) {
      fail(what);
    }
    abort(what);
  }

  /** Skips what only root can do. */
  static void requireRoot(String why) {
    if (!isRoot()) {
      abort("needs root: " + why);
    }
  }

  /** One that a test may run something as. */
  static String userWithSubordinateIds() {
    for (String line : run("cat", "/etc/subuid").split("\n", -1)) {
      String[] parts = line.split(":", -1);
      if (parts.length == 3
          && Integer.parseInt(parts[2]) >= 65536
          && attempt(Map.of(), "id", parts[0]).status() == 0) {
        return parts[0];
      }
    }
    missing("no user has subordinate ids");
    return "";
  }

  /** Runs a tool that has to succeed. */
  static String run(String... command) {
    Ended ended = attempt(Map.of(), command);
    assertThat(ended.status()).as(String.join(" ", command) + "\n" + ended.output()).isZero();
    return ended.output();
  }

  /** Runs a tool; both its outputs come as one. */
  static Ended attempt(Map<String, String> environment, String... command) {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(environment);
    try {
      Process process = builder.start();
      process.getOutputStream().close();
      try (InputStream in = process.getInputStream()) {
        String output = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
          process.destroyForcibly();
          fail(String.join(" ", command) + " did not end: " + output);
        }
        return new Ended(process.exitValue(), output);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The other processes of this host that were started for a directory, or see a mount in it. */
  static List<String> processesAt(Path directory) throws IOException {
    List<String> found = new ArrayList<>();
    String own = String.valueOf(ProcessHandle.current().pid());
    try (Stream<Path> all = Files.list(Path.of("/proc"))) {
      for (Path process : all.filter(each -> Character.isDigit(name(each).charAt(0))).toList()) {
        if (said(process.resolve("mountinfo")).contains(directory.toString())
            || !name(process).equals(own)
                && said(process.resolve("cmdline")).contains(directory.toString())) {
          found.add(name(process) + " " + said(process.resolve("cmdline")));
        }
      }
    }
    return found;
  }

  private static String name(Path path) {
    return path.getFileName().toString();
  }

  /** One that has ended says nothing. */
  private static String said(Path file) {
    try {
      return Files.readString(file, StandardCharsets.ISO_8859_1).replace('\0', ' ');
    } catch (IOException e) {
      return "";
    }
  }
}

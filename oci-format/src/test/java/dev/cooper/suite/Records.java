package dev.cooper.suite;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What the workers of one user have to do and have done, in files: each class of tests is a name.
 *
 * <pre>
 * planned/NAME   there is such a class
 * taken/NAME     a worker has begun it
 * ended/NAME     passed, failed and skipped tests, milliseconds, milliseconds of processors
 * failed/NAME    its failures, with their stacks
 * skipped/NAME   a reason for each test that was skipped
 * reports/NAME/  JUnit's report
 * </pre>
 *
 * <p>A class that is planned and has not ended is a failure: its worker is gone, or there was none.
 */
final class Records {
  private final Path directory;

  Records(Path directory) throws IOException {
    this.directory = directory;
    for (String each : List.of("planned", "taken", "ended", "failed", "skipped", "reports")) {
      Files.createDirectories(directory.resolve(each));
    }
  }

  void plan(String name) throws IOException {
    create(file("planned", name));
  }

  /** Whether this JVM is the first one that asks for a class. */
  boolean take(String name) throws IOException {
    return create(file("taken", name));
  }

  private static boolean create(Path file) throws IOException {
    try {
      Files.createFile(file);
      return true;
    } catch (FileAlreadyExistsException e) {
      return false;
    }
  }

  Path reports(String name) throws IOException {
    return Files.createDirectories(file("reports", name));
  }

  void end(String name, ClassRun run) throws IOException {
    if (run.hasFailed()) {
      Files.writeString(file("failed", name), String.join("\n", run.failures()));
    }
    if (!run.reasons().isEmpty()) {
      Files.writeString(file("skipped", name), String.join("\n", run.reasons()) + "\n");
    }
    Files.writeString(file("ended", name), run.counts() + "\n");
  }

  /** Says why a class does not end. */
  void hang(String name, String text) throws IOException {
    Files.writeString(file("failed", name), text);
    Files.writeString(file("ended", name), "0 1 0 0 0\n");
  }

  private Path file(String kind, String name) {
    return directory.resolve(kind).resolve(name);
  }
}

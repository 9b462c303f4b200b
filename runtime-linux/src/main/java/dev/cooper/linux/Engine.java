package dev.cooper.linux;

import dev.cooper.oci.OperationException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** A program that runs a bundle as the OCI's runtime-spec says, of the host's own. */
record Engine(Path program) {
  static final String CONTAINER = "cooper";

  /**
   * The one that is asked for.
   *
   * @param asked a path, or a name to be looked for in this JVM's PATH; empty for the first that is
   *     there
   */
  static Engine find(String asked) {
    if (asked.contains("/")) {
      Path path = Path.of(asked).toAbsolutePath();
      if (!Files.isExecutable(path) || Files.isDirectory(path)) {
        throw new OperationException(
            "the engine "
                + path
                + " is no program: name another (Cooper.builder().engine, COOPER_RUNTIME)");
      }
      return new Engine(path);
    }
    List<String> names = asked.isEmpty() ? HostTools.engines() : List.of(asked);
    for (String name : names) {
      Path found = HostTools.find(name);
      if (found != null) {
        return new Engine(found);
      }
    }
    throw new OperationException(
        "isolation oci needs an engine, and "
            + String.join(" or ", names)
            + " is not in this JVM's PATH: install it (apt-get install runc), or name another (Cooper.builder().engine, COOPER_RUNTIME)");
  }

  private boolean isCrun() {
    return String.valueOf(program.getFileName()).contains("crun");
  }

  /**
   * Its command line; control groups are ours, not its own.
   *
   * @param place holds the bundle and what the engine keeps of it
   * @param log where its own errors go
   */
  List<String> command(Path place, Path log) {
    List<String> groups =
        isCrun() ? List.of("--cgroup-manager=disabled") : List.of("--rootless", "true");
    return concat(
        concat(List.of(program.toString()), groups),
        List.of(
            "--root",
            place.resolve("state").toString(),
            "--log",
            (isCrun() ? "file:" : "") + log,
            "--log-format",
            "json",
            "run",
            "--bundle",
            place.toString(),
            CONTAINER));
  }

  private static List<String> concat(List<String> first, List<String> second) {
    return Stream.concat(first.stream(), second.stream()).toList();
  }
}

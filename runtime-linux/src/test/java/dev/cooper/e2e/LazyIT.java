package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.Cooper;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A build without a run starts nothing and unpacks nothing. */
class LazyIT extends EndToEnd {
  @Test
  void commitWhenNothingRanStartsNoProcessAndUnpacksNothing() throws IOException {
    String printed =
        ChildJvm.run(
            Map.of(),
            List.of(),
            Build.class,
            store.toString(),
            busyboxTar().toString(),
            host("context/file", "f").getParent().toString());
    assertThat(printed.strip().split("\n"))
        .containsExactly("before: []", "after: []", "running: 1");
    // What the run of the last step needed has a tree now: so the check below can fail.
    try (Stream<Path> all = Files.walk(store.resolve("layers"))) {
      assertThat(all).anyMatch(path -> path.endsWith("bin/busybox"));
    }
  }

  /** STORE BASE CONTEXT: prints this JVM's child processes before and after a build. */
  static final class Build {
    public static void main(String[] arguments) throws Exception {
      Path store = Path.of(arguments[0]);
      try (Cooper cooper = Cooper.builder().store(store).build()) {
        System.out.println("before: " + children());
        Image image;
        try (WorkingContainer c = cooper.from(Path.of(arguments[1]))) {
          image =
              c.copy(Path.of(arguments[2]), "/context", o -> o.owner("app"))
                  .write("/etc/motd", "m")
                  .workdir("/work")
                  .env("A", "b")
                  .commit("lazy:1");
        }
        System.out.println("after: " + children());
        try (Stream<Path> all = Files.walk(store)) {
          List<Path> unpacked = all.filter(path -> path.endsWith("bin/busybox")).toList();
          if (!unpacked.isEmpty()) {
            throw new IllegalStateException("unpacked: " + unpacked);
          }
        }
        try (WorkingContainer c = image.container()) {
          c.run("true");
          System.out.println("running: " + Math.min(1, children().size()));
        }
      }
    }

    private static TreeSet<String> children() throws IOException {
      TreeSet<String> found = new TreeSet<>();
      try (Stream<Path> tasks = Files.list(Path.of("/proc/self/task"))) {
        for (Path task : tasks.toList()) {
          Path children = task.resolve("children");
          if (Files.exists(children)) {
            found.addAll(
                List.of(Files.readString(children).strip().split(" ")).stream()
                    .filter(each -> !each.isEmpty())
                    .toList());
          }
        }
      }
      ProcessHandle.current().children().forEach(child -> found.add("" + child.pid()));
      return found;
    }
  }
}

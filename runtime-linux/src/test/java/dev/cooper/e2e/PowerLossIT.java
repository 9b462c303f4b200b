package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.Cooper;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.e2e.FaultScenario.Kind;
import dev.cooper.maintenance.ContainerInfo;
import dev.cooper.maintenance.StoreReport;
import dev.cooper.oci.layout.DurableFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A machine that loses its power during a build (THREATS 55): what was not synced is gone. The
 * store lies on an ext4 in a file; once the build's JVM is killed, the file is copied as it is,
 * without what the kernel has not written to it, and the copy is mounted under another boot id.
 *
 * <pre>
 * temp/
 *   disk, mounted/    the file system that loses its power
 *   copy, recovered/  what is left of it
 *   boot              another boot's id
 * </pre>
 *
 * <p>Some calls of each scenario by default; {@code -Dcooper.faults=50} takes fifty.
 */
@Tag("storm")
class PowerLossIT {
  private static final int SOME = Integer.getInteger("cooper.faults", 3);

  /** What tells one moment of a build from the next, on the disk. */
  private static final List<String> CALLS =
      List.of("fsync", "rename", "mkdir", "renameat2", "write", "mount", "unlink", "link", "clone");

  private Path temp;
  private Path mounted;
  private Path recovered;
  private Path layout;

  private void prepare() throws Exception {
    Tools.requireRoot("only root can mount a small file system");
    Tools.require("mkfs.ext4", "mount", "busybox", "strace", "unshare");
    temp = Files.createTempDirectory("cooper-power-").toRealPath();
    layout = FaultScenario.layout(temp);
    mounted = Files.createDirectory(temp.resolve("mounted"));
    recovered = Files.createDirectory(temp.resolve("recovered"));
    Files.writeString(temp.resolve("boot"), UUID.randomUUID() + "\n");
  }

  @AfterEach
  void remove() throws Exception {
    if (temp != null) {
      DurableFiles.deleteTree(temp);
    }
  }

  /** Nothing is written to the file but what somebody asks for. */
  private void mount(Path disk, Path target) {
    Tools.run("mount", "-o", "loop,commit=300", disk.toString(), target.toString());
  }

  private Path disk() {
    Path disk = temp.resolve("disk");
    Tools.run("truncate", "-s", "64M", disk.toString());
    Tools.run("mkfs.ext4", "-q", "-F", "-m", "0", "-E", "lazy_itable_init=0", disk.toString());
    return disk;
  }

  @ParameterizedTest
  @EnumSource(names = {"ONCE", "NAMED"})
  void buildWhenThePowerGoesLeavesAStoreThatIsSoundOrMended(Kind kind) throws Exception {
    prepare();
    String expected;
    try (Cooper cooper = FaultScenario.builder(temp.resolve("expected"), kind).build()) {
      expected = FaultScenario.build(cooper, layout, temp.resolve("expected.tar"), kind);
    }
    List<String> failures = new ArrayList<>();
    for (Strace.Step step : steps(kind)) {
      lose(kind, step);
      Tools.Ended ended = recover(kind, expected);
      if (ended.status() != 0 || !ended.output().contains("sound")) {
        failures.add(step + ": " + ended.output());
      }
    }
    assertThat(failures).isEmpty();
  }

  private List<Strace.Step> steps(Kind kind) throws Exception {
    Path own = Files.createDirectories(temp.resolve("steps"));
    List<Strace.Step> all =
        new ArrayList<>(
            new Strace(own, FaultScenario.class)
                .steps(CALLS, "", arguments(own.resolve("store"), kind)));
    Collections.shuffle(all, new Random(kind.ordinal()));
    return all.subList(0, Math.min(SOME, all.size()));
  }

  private String[] arguments(Path store, Kind kind) {
    return new String[] {
      store.toString(), layout.toString(), temp.resolve("saved.tar").toString(), kind.toString()
    };
  }

  /** Builds until a call, and leaves a copy of the disk as it is then. */
  private void lose(Kind kind, Strace.Step step) throws Exception {
    Path disk = disk();
    mount(disk, mounted);
    Files.deleteIfExists(temp.resolve("saved.tar"));
    try {
      new Strace(temp, FaultScenario.class)
          .inject(step, "signal=KILL", arguments(mounted.resolve("store"), kind));
      Tools.run("cp", "--sparse=always", disk.toString(), temp.resolve("copy").toString());
    } finally {
      Tools.run("umount", mounted.toString());
    }
    Files.delete(disk);
  }

  private Tools.Ended recover(Kind kind, String expected) throws Exception {
    mount(temp.resolve("copy"), recovered);
    Files.deleteIfExists(temp.resolve("saved.tar"));
    try {
      List<String> command =
          new ArrayList<>(
              List.of(
                  "unshare",
                  "--mount",
                  "sh",
                  "-c",
                  "mount --bind \"$0\" /proc/sys/kernel/random/boot_id && exec \"$@\"",
                  temp.resolve("boot").toString()));
      String[] arguments = arguments(recovered.resolve("store"), kind);
      command.addAll(
          ChildJvm.command(
              List.of(),
              Survivor.class,
              arguments[0],
              arguments[1],
              arguments[2],
              arguments[3],
              expected));
      return Tools.attempt(Map.of(), command.toArray(new String[0]));
    } finally {
      Tools.run("umount", recovered.toString());
    }
  }

  /** STORE LAYOUT SAVED KIND EXPECTED: opens what is left, mends it, and builds again. */
  static final class Survivor {
    public static void main(String[] arguments) {
      Kind kind = Kind.valueOf(arguments[3]);
      try (Cooper cooper = FaultScenario.builder(Path.of(arguments[0]), kind).build()) {
        StoreReport report = cooper.maintenance().check();
        if (!report.isClean()) {
          require(cooper.maintenance().repair().findings().isEmpty(), report);
          require(cooper.maintenance().check().isClean(), report);
        }
        for (ContainerInfo each : cooper.containers()) {
          try (WorkingContainer c = cooper.container(each.name())) {
            c.run("true").commit();
            c.remove();
          }
        }
        String built =
            FaultScenario.build(cooper, Path.of(arguments[1]), Path.of(arguments[2]), kind);
        require(built.equals(arguments[4]), built);
        require(cooper.maintenance().check().isClean(), "checked in the end");
        cooper.images().forEach(Image::remove);
        System.out.println("sound after " + report.findings().size() + " findings");
      }
    }

    private static void require(boolean condition, Object what) {
      if (!condition) {
        throw new IllegalStateException(String.valueOf(what));
      }
    }
  }

  /** A container that was closed is on the disk, with what its commands changed. */
  @Test
  void containerWhenItWasClosedBeforeThePowerWentIsWhole() throws Exception {
    prepare();
    Path disk = disk();
    mount(disk, mounted);
    try {
      String said =
          ChildJvm.run(
              Map.of(),
              List.of(),
              Closing.class,
              mounted.resolve("store").toString(),
              layout.toString());
      assertThat(said).contains("closed");
      Tools.run("cp", "--sparse=always", disk.toString(), temp.resolve("copy").toString());
    } finally {
      Tools.run("umount", mounted.toString());
    }
    mount(temp.resolve("copy"), recovered);
    try (Cooper cooper = FaultScenario.builder(recovered.resolve("store")).build()) {
      try (WorkingContainer c = cooper.container("kept")) {
        assertThat(c.exec("cat", "/made").out()).hasSize(500_000);
        c.remove();
      }
      cooper.images().forEach(Image::remove);
    } finally {
      Tools.run("umount", recovered.toString());
    }
  }

  /** STORE LAYOUT: makes a container, closes it, and ends before anything else is synced. */
  static final class Closing {
    public static void main(String[] arguments) {
      Cooper cooper = FaultScenario.builder(Path.of(arguments[0])).build();
      cooper.loadAndUnpack(Path.of(arguments[1]));
      try (WorkingContainer c = cooper.from("base:1")) {
        c.name("kept").write("/copied", "c".repeat(500_000)).run("cat /copied > /made");
      }
      System.out.println("closed");
      System.out.flush();
      Runtime.getRuntime().halt(0);
    }
  }
}

package dev.cooper.linux;

import static dev.cooper.linux.BusyboxHost.diff;
import static dev.cooper.linux.BusyboxHost.sh;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.OperationException;
import dev.cooper.spi.Rootfs;
import dev.cooper.spi.TreeFilter;
import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Trees of so many levels that neither a stack nor a table of descriptors holds one for each.
 *
 * <pre>
 * y
 * └── d/d/d…                900 levels
 *     └── y                 the paths below it are as long as a layer may hold
 *         ├── d/d/d…
 *         │   └── y
 *         │       └── d/d/d…
 *         │           └── y
 *         │               └── leaf
 *         └── z
 * </pre>
 */
@Timeout(120)
final class DeepTreesIT {
  @RegisterExtension static final BusyboxHost HOST = new BusyboxHost();
  @RegisterExtension static final BusyboxHost COPYING = BusyboxHost.copying();

  private static final int STACK = 256 << 10;
  private static final int LEVELS = 900;
  private static final String DOWN = "d/".repeat(LEVELS);
  private static final int LEGAL_ENTRIES = 2 * (LEVELS + 1) + 3;
  private static final long LEAF = 12_345_678;

  private static Path directory;
  private static Path tree;
  private static Path legal;

  private final List<String> notices = new ArrayList<>();

  @BeforeAll
  static void makeTree() throws IOException {
    directory = Files.createTempDirectory("cooper-it").toRealPath();
    tree = deep(directory, 3);
    legal = tree.resolve(DOWN + "y");
    Files.writeString(legal.resolve("z"), "comes after all of the deep ones");
  }

  @AfterAll
  static void removeTree() {
    HOST.runtime().delete(directory);
  }

  /** A tree of so many times 901 levels, and one more. */
  private static Path deep(Path in, int times) throws IOException {
    Path made = Files.createDirectory(in.resolve("y"));
    try (RandomAccessFile leaf = new RandomAccessFile(made.resolve("leaf").toFile(), "rw")) {
      leaf.setLength(LEAF);
    }
    for (int i = 0; i < times; i++) {
      Path above = in.resolve("x");
      Files.move(made, Files.createDirectories(above.resolve(DOWN)).resolve("y"));
      Files.move(above, made);
    }
    return made;
  }

  private static <T> T onASmallStack(Callable<T> work) throws Exception {
    FutureTask<T> task = new FutureTask<>(work);
    new Thread(null, task, "small stack", STACK).start();
    try {
      return task.get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof Exception cause ? cause : e;
    }
  }

  private static int descriptors() {
    return Objects.requireNonNull(new File("/proc/self/fd").list()).length;
  }

  private RecordedEntries read(Path path, TreeFilter filter) throws Exception {
    RecordedEntries read = new RecordedEntries();
    return onASmallStack(
        () -> {
          HOST.runtime().readHost(path, filter, read, notices::add);
          return read;
        });
  }

  @Test
  void measureWhenATreeIsDeeperThanAnyPathCountsAllOfIt() throws Exception {
    int before = descriptors();
    for (int depth : new int[] {0, 2}) {
      Map<Path, Long> sums = new HashMap<>();
      onASmallStack(
          () -> {
            HOST.runtime().measure(directory, depth, (path, size, disk) -> sums.put(path, size));
            return sums;
          });
      assertThat(sums).hasSize(depth + 1);
      assertThat(sums.get(depth == 0 ? directory : tree.resolve("d"))).isGreaterThan(LEAF);
    }
    assertThat(descriptors()).isLessThan(before + 100);
  }

  @Test
  void readHostWhenPathsAreAsLongAsTheyMayBeReadsAllOfIt() throws Exception {
    int before = descriptors();
    int[] atTheLeaf = {0};
    RecordedEntries read =
        read(
            legal,
            (path, isDirectory) -> {
              if (path.latin1().endsWith("leaf")) {
                atTheLeaf[0] = descriptors();
              }
              return TreeFilter.Choice.TAKE;
            });
    assertThat(read.entries).hasSize(LEGAL_ENTRIES);
    assertThat(read.entry(DOWN + "y/" + DOWN + "y/leaf").size()).isEqualTo(LEAF);
    assertThat(atTheLeaf[0]).isBetween(before, before + 100);
    assertThat(descriptors()).isLessThan(before + 5);
  }

  @Test
  void readHostWhenDirectoriesAreOnlyDescendedHoldsThoseThatLeadSomewhere() throws Exception {
    TreeFilter files =
        (path, isDirectory) -> isDirectory ? TreeFilter.Choice.DESCEND : TreeFilter.Choice.TAKE;
    assertThat(read(legal, files).entries).hasSize(LEGAL_ENTRIES);
    TreeFilter onlyZ =
        (path, isDirectory) ->
            isDirectory
                ? TreeFilter.Choice.DESCEND
                : path.latin1().equals("z") ? TreeFilter.Choice.TAKE : TreeFilter.Choice.SKIP;
    assertThat(read(legal, onlyZ).paths()).containsExactly("", "z");
  }

  @Test
  void readHostWhenAPathIsTooLongSaysSoAndLeavesNothingOpen() throws Exception {
    int before = descriptors();
    assertThatThrownBy(() -> read(tree, TreeFilter.ALL))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("found a path of 4097 bytes")
        .hasMessageContaining("remove it");
    assertThat(descriptors()).isLessThan(before + 5);
  }

  @Test
  void readHostWhenALevelIsMovedMeanwhileSaysSo() throws Exception {
    Path place = HOST.directory();
    Path half = deep(place, 1).resolve("d/".repeat(LEVELS / 2));
    TreeFilter moving =
        (path, isDirectory) -> {
          try {
            if (!isDirectory) {
              Files.move(half, place.resolve("moved"));
            }
          } catch (IOException e) {
            throw new AssertionError(e);
          }
          return TreeFilter.Choice.TAKE;
        };
    int before = descriptors();
    assertThatThrownBy(() -> read(place.resolve("y"), moving))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("moved while it was read");
    assertThat(descriptors()).isLessThan(before + 5);
  }

  @Test
  void diffWhenACommandMadePathsAsLongAsTheyMayBeHoldsThem() throws Exception {
    Rootfs root = HOST.root();
    sh(
        root,
        "cd /home; D=$(printf 'd/%.0s' $(seq 900)); mkdir y; echo in >y/leaf;"
            + " for i in 1 2; do mkdir -p x/$D; mv y x/$D; mv x y; done");
    assertThat(onASmallStack(() -> diff(root)).entries).hasSize(LEGAL_ENTRIES);
  }

  @Test
  void copiedTreeWhenALayerIsDeepIsComparedWithIt() throws Exception {
    Rootfs root = onASmallStack(() -> COPYING.root(legal));
    sh(root, "D=$(printf 'd/%.0s' $(seq 900)); cd $D/y; cd $D/y; rm leaf");
    List<String> changed = onASmallStack(() -> diff(root)).paths();
    assertThat(changed).hasSize(LEGAL_ENTRIES - 2).contains(DOWN + "y/" + DOWN + "y/.wh.leaf");
  }
}

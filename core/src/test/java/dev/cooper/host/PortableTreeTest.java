package dev.cooper.host;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.EntrySink;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.spi.TreeFilter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Trees of so many levels that no stack holds one for each.
 *
 * <pre>
 * deep
 * ├── d/d/d…    1,500 levels
 * │   └── leaf  "content"
 * └── z
 * </pre>
 */
final class PortableTreeTest {
  private static final int STACK = 256 << 10;
  private static final int LEVELS = 1500;
  private static final String DOWN = "d/".repeat(LEVELS);

  private static Path directory;
  private static Path tree;

  @BeforeAll
  static void makeTree() throws IOException {
    directory = Files.createTempDirectory("cooper-deep").toRealPath();
    tree = directory.resolve("deep");
    Files.writeString(Files.createDirectories(tree.resolve(DOWN)).resolve("leaf"), "content");
    Files.createFile(tree.resolve("z"));
  }

  /** JUnit's own temporary directories take minutes for such a tree. */
  @AfterAll
  static void removeTree() throws IOException {
    Files.delete(tree.resolve("z"));
    Path path = tree.resolve(DOWN).resolve("leaf");
    for (; !path.equals(directory.getParent()); path = path.getParent()) {
      Files.delete(path);
    }
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

  private List<TarEntry> read(TreeFilter filter) throws Exception {
    List<TarEntry> entries = new ArrayList<>();
    EntrySink sink =
        new EntrySink() {
          @Override
          public void begin(TarEntry entry) {
            entries.add(entry);
          }

          @Override
          public void write(byte[] source, int offset, int length) {}

          @Override
          public void end() {}
        };
    return onASmallStack(
        () -> {
          PortableTree.read(tree, filter, sink, notice -> {});
          return entries;
        });
  }

  @Test
  void readWhenATreeIsDeepReadsAllOfItInOrder() throws Exception {
    List<TarEntry> entries = read(TreeFilter.ALL);
    assertThat(entries).hasSize(LEVELS + 3);
    assertThat(entries.get(LEVELS + 1).path()).isEqualTo(ByteString.utf8(DOWN + "leaf"));
    assertThat(entries.get(LEVELS + 2).path()).isEqualTo(ByteString.utf8("z"));
  }

  @Test
  void readWhenDirectoriesAreOnlyDescendedHoldsThoseThatLeadSomewhere() throws Exception {
    TreeFilter onlyZ =
        (path, isDirectory) ->
            isDirectory
                ? TreeFilter.Choice.DESCEND
                : path.latin1().equals("z") ? TreeFilter.Choice.TAKE : TreeFilter.Choice.SKIP;
    assertThat(read(onlyZ)).extracting(entry -> entry.path().toString()).containsExactly("", "z");
  }

  @Test
  void measureWhenATreeIsDeepCountsAllOfIt() throws Exception {
    Map<Path, Long> sums = new HashMap<>();
    onASmallStack(
        () -> {
          PortableSizes.measure(tree, 1, (path, size, disk) -> sums.put(path, size));
          return sums;
        });
    assertThat(sums).containsOnlyKeys(tree, tree.resolve("d"), tree.resolve("z"));
    assertThat(sums.get(tree.resolve("d"))).isGreaterThan("content".length());
  }
}

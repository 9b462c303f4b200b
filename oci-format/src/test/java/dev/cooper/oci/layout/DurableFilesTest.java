package dev.cooper.oci.layout;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class DurableFilesTest {
  @TempDir Path directory;

  @Test
  void deleteTreeWhenOthersAddMeanwhileRemovesAll() throws Exception {
    for (int round = 0; round < 20; round++) {
      Path busy = Files.createDirectories(directory.resolve("busy/below"));
      CountDownLatch begun = new CountDownLatch(1);
      FutureTask<Integer> adding = new FutureTask<>(() -> add(busy, begun));
      new Thread(adding).start();
      begun.await();
      DurableFiles.deleteTree(directory.resolve("busy"));
      assertThat(adding.get()).isPositive();
      assertThat(directory).isEmptyDirectory();
    }
  }

  @Test
  void deleteTreeWhenOthersRemoveItTooRemovesAll() throws Exception {
    for (int round = 0; round < 20; round++) {
      Path tree = Files.createDirectories(directory.resolve("tree"));
      for (int i = 0; i < 200; i++) {
        Files.createFile(Files.createDirectories(tree.resolve("d" + i % 20)).resolve("f" + i));
      }
      FutureTask<Boolean> other =
          new FutureTask<>(
              () -> {
                DurableFiles.deleteTree(tree);
                return true;
              });
      new Thread(other).start();
      DurableFiles.deleteTree(tree);
      assertThat(other.get()).isTrue();
      assertThat(directory).isEmptyDirectory();
    }
  }

  /** Adds files until the directory has gone; how many. */
  private static int add(Path busy, CountDownLatch begun) throws IOException {
    int i = 0;
    try {
      for (; i < 20_000; i++) {
        Files.createFile(busy.resolve("f" + i));
        begun.countDown();
      }
    } catch (NoSuchFileException gone) {
      return i;
    }
    return i;
  }
}

package dev.cooper.store;

import dev.cooper.command.Isolation;
import dev.cooper.io.Directories;
import dev.cooper.io.FileLocks;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layout.DurableFiles;
import dev.cooper.spi.RuntimeOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Keeps a store's files of one kind: with the owners that images name, or all of a single id.
 *
 * <p>What was unpacked in one of the ways has other owners than the other expects, and may not even
 * be theirs to read. A store in which nothing is unpacked becomes what it is opened as.
 */
final class StoreIds {
  /** In a store whose files all belong to a single id. */
  static final String SINGLE = "single-id";

  private StoreIds() {}

  /**
   * Requires that a store is of the kind asked for.
   *
   * <p>Whoever opens one shows itself by its staging directory before it looks at the mark, and who
   * changes the mark looks for others once more after that: so one of two at least sees the other.
   *
   * @param store just opened, before anything but its own staging directory is touched
   * @throws OperationException if what is unpacked there is of the other kind
   */
  @SuppressWarnings("try") // the lock is held, not used
  static void require(Store store, RuntimeOptions options) throws IOException {
    Path mark = store.directory().resolve(SINGLE);
    if (options.isolation() == Isolation.NONE || Files.exists(mark) == options.singleId()) {
      return;
    }
    try (FileLocks.Held held = store.lock(Store.SWEEP)) {
      if (Files.exists(mark) == options.singleId()) {
        return;
      }
      requireUnused(store, options);
      mark(mark, options.singleId());
      boolean alone = false;
      try {
        requireUnused(store, options);
        alone = true;
      } finally {
        if (!alone) {
          mark(mark, !options.singleId());
        }
      }
    }
  }

  private static void mark(Path mark, boolean single) throws IOException {
    if (single) {
      DurableFiles.write(mark, new byte[0]);
    } else {
      Files.delete(mark);
    }
  }

  private static void requireUnused(Store store, RuntimeOptions options) throws IOException {
    if (isUsed(store)) {
      throw new OperationException(
          "the store "
              + store.directory()
              + " holds files "
              + (options.singleId()
                  ? "of all the ids that images name, and was opened for a single one (Ids.SINGLE, COOPER_IDS=single)"
                  : "of a single id, and was opened for all that images name (Ids.MAPPED)")
              + ": open it with "
              + (options.singleId() ? "Ids.MAPPED" : "Ids.SINGLE (COOPER_IDS=single)")
              + ", or another store (COOPER_STORE)");
    }
  }

  private static boolean isUsed(Store store) throws IOException {
    Path directory = store.directory();
    for (Path layer : Directories.list(directory.resolve("layers"))) {
      if (Files.exists(layer.resolve(LayerTrees.TREE))) {
        return true;
      }
    }
    return !Directories.list(directory.resolve("containers")).isEmpty()
        || !Directories.list(directory.resolve("staging")).equals(List.of(store.staging()));
  }
}

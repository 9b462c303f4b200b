package dev.cooper.store;

import dev.cooper.io.Directories;
import dev.cooper.io.FileLocks;
import dev.cooper.io.Io;
import dev.cooper.oci.Digest;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The directories that commands mount as caches, each {@code cache/<digest of its id>}; its id is
 * in a file beside it, whose time is that of its last use.
 *
 * <p>A cache that a command has mounted has an empty file for it in the store's staging directory,
 * made and looked at under the lock {@link Store#SWEEP}. Thread-safe.
 */
public final class Caches {
  /** The directory of caches in use in a store's staging directory. */
  static final String USES = "caches";

  private static final System.Logger LOG = System.getLogger(Caches.class.getName());
  private static final String ID = ".id";

  private Caches() {}

  /** The caches of one command, in use until this is closed. */
  public static final class Uses implements AutoCloseable {
    private final Store store;
    private final List<Path> marks = new ArrayList<>();

    public Uses(Store store) {
      this.store = store;
    }

    /** A cache's directory, made if it is not there. */
    @SuppressWarnings("try") // the lock is held, not used
    public Path directory(String id) {
      // An id names a cache by its digest, so that none can name a place outside (CVE-2024-9675).
      String name = Digest.sha256(id.getBytes(StandardCharsets.UTF_8)).hex();
      return Io.run(
          "cannot make the cache " + id,
          () -> {
            try (FileLocks.Held held = store.lock(Store.SWEEP)) {
              store.requireUnsealed();
              Path mark =
                  Directories.make(store.staging().resolve(USES))
                      .resolve(name + Directories.name(store.staged(".")));
              Files.createFile(mark);
              marks.add(mark);
              Path directory = Caches.of(store).resolve(name);
              if (!Files.isDirectory(directory)) {
                make(directory);
              }
              note(directory, id);
              return directory;
            }
          });
    }

    /** Whole when it appears: of the mode and owner that a command shall see. */
    private void make(Path directory) throws IOException {
      Path staged = Files.createDirectory(store.staged("cache"));
      store.runtime().makePlain(staged);
      Files.move(staged, directory);
    }

    private void note(Path directory, String id) throws IOException {
      Path file = directory.resolveSibling(Directories.name(directory) + ID);
      if (!Files.exists(file)) {
        store.write(file, id.getBytes(StandardCharsets.UTF_8));
      }
      Files.setLastModifiedTime(file, FileTime.from(store.clock().instant()));
    }

    @Override
    public void close() {
      for (Path mark : marks) {
        try {
          Files.deleteIfExists(mark);
        } catch (IOException e) {
          LOG.log(Level.DEBUG, "a cache stays marked as used until the store is closed", e);
        }
      }
    }
  }

  /** What is known of a cache. */
  record Cache(Path path, String id, FileTime lastUsed) {
    /** The file beside it. */
    Path idFile() {
      return path.resolveSibling(Directories.name(path) + ID);
    }
  }

  /** Whatever a crash has left in it. */
  private static String text(Path idFile) throws IOException {
    return new String(Files.readAllBytes(idFile), StandardCharsets.UTF_8);
  }

  private static Path of(Store store) {
    return store.directory().resolve("cache");
  }

  static List<Cache> list(Store store) throws IOException {
    List<Cache> caches = new ArrayList<>();
    for (Path path : Directories.list(of(store))) {
      if (!Directories.name(path).endsWith(ID)) {
        Path file = path.resolveSibling(Directories.name(path) + ID);
        boolean known = Files.exists(file);
        caches.add(
            new Cache(
                path,
                known ? text(file) : Directories.name(path),
                Files.getLastModifiedTime(known ? file : path)));
      }
    }
    return caches;
  }

  /** The names of the directories that commands have mounted now. */
  static Set<String> used(Store store) throws IOException {
    Set<String> used = new HashSet<>();
    for (Path owner : Directories.list(store.directory().resolve("staging"))) {
      for (Path mark : Directories.list(owner.resolve(USES))) {
        String name = Directories.name(mark);
        used.add(name.substring(0, name.indexOf('.')));
      }
    }
    return used;
  }
}

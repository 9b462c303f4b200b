package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.EntrySink;
import dev.cooper.spi.ProcessSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The tree that a container's processes run in, with what has changed in it: an overlay of its
 * layers, or a copy of them.
 */
interface RootTree {
  /** A descriptor of the root, for paths only. */
  int root();

  /** Where the keeper's tasks find the root. */
  Path merged();

  /** The working container's own directory. */
  Path directory();

  /**
   * Whether what lies at a path is neither the layers' nor changed, but there for something to be
   * mounted on.
   */
  boolean isMountPointOnly(Lane lane, ByteString path);

  /**
   * To be called before something is put at a path, or into a directory, that is taken away again.
   *
   * @return to be run when all is as it was, but for what the kernel cannot be told: it then is no
   *     change
   */
  Runnable restoring(Lane lane, ByteString path);

  /**
   * Puts what a process needs there into the tree; taken away again by closing. Nothing of it is a
   * change.
   *
   * @param keeper the process id of the keeper that mounts it
   */
  Prepared prepare(Lane lane, ProcessSpec process, long keeper);

  /** To be called before anything is changed in it. */
  default void settle(Lane lane) {}

  /** Reads what has changed, as a layer's entries. */
  void diff(Lane lane, EntrySink sink, Consumer<String> notices) throws IOException;

  /**
   * Makes what has changed a layer, and lets go.
   *
   * @param target where it goes, on the same file system
   * @return the layer's directory
   */
  Path seal(Lane lane, Path target) throws IOException;

  /** Lets go of what this JVM holds of it, when the keeper is gone with the rest. */
  default void abandon() {}

  /** Lets go; what has changed stays in its directory. */
  void unmount(Lane lane);

  /** What was put into the tree for a process. */
  interface Prepared extends AutoCloseable {
    /** What is to be mounted over the tree; nothing where nothing can be. */
    default MountPlan plan() {
      return MountPlan.NONE;
    }

    /** What a path will be with all mounts made; only where there are any. */
    default ProtectedPaths.Kind kind(String path) {
      throw new IllegalStateException("nothing is mounted over " + path + " here");
    }

    /**
     * The pipes that have names there and are to be the process's outputs; null if there are none.
     */
    default @Nullable OutputFifos outputs() {
      return null;
    }

    @Override
    void close();
  }
}

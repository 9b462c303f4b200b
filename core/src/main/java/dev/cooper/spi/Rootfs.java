package dev.cooper.spi;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.EntrySink;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A mounted root filesystem: layers below, changes above. One thread at a time changes it, or
 * several read it; several processes may run in it.
 */
public interface Rootfs extends RootView, AutoCloseable {
  /**
   * Opens the root to write entries into it; existing directories keep their times.
   *
   * <p>An entry replaces what lies at its path, a directory with all below it, unless both are
   * directories. Its path is canonical, and no directory on the way is a link. A whiteout removes
   * what it names; there are no opaque markers.
   *
   * @return takes entries
   */
  TreeOutput write();

  /**
   * What tells whether files are still what they were.
   *
   * @param paths in the root; links are followed inside it
   * @return something that differs from what it was before if one of them was changed, replaced,
   *     made or removed since; null if that cannot be told
   */
  @Nullable ByteString stamp(List<ByteString> paths);

  /**
   * Reads what a path holds, itself first with an empty path, as {@link ContainerRuntime#readHost}
   * does.
   *
   * @param path canonical, in the root; no link is followed
   * @param filter what is taken of it
   * @param sink where the entries go
   * @throws IOException from the sink
   * @throws dev.cooper.oci.OperationException if nothing lies there
   */
  void readTree(ByteString path, TreeFilter filter, EntrySink sink) throws IOException;

  /**
   * Reads what has changed against the layers, in canonical order, with whiteouts, as a layer's
   * entries.
   *
   * @param sink where the entries go
   * @throws IOException from the sink
   */
  void diff(EntrySink sink) throws IOException;

  /**
   * Runs a process to its end, and waits for that in this thread.
   *
   * @param process what to run
   * @param io its streams and limits
   * @return how it ended
   * @throws dev.cooper.oci.OperationException if it could not be started
   */
  ProcessEnd run(ProcessSpec process, ProcessIo io);

  /**
   * A path by which other programs of this user see the root, while it is mounted.
   *
   * @return a path of the host
   */
  Path hostPath();

  /**
   * Unmounts it, and makes what has changed a layer: a root mounted from the same directory
   * afterwards begins without changes.
   *
   * @param target where the changes go; not there yet, on the same file system
   * @return the layer's directory, to be mounted as the uppermost one
   */
  Path seal(Path target);

  /** Unmounts it; what has changed stays in its directory. */
  @Override
  void close();
}

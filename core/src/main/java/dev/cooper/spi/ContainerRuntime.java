package dev.cooper.spi;

import dev.cooper.oci.layer.EntrySink;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/** Makes root filesystems and reads the host's trees. Thread-safe. */
public interface ContainerRuntime extends AutoCloseable {
  /** Loads what it will need, and starts nothing: called beside other work. */
  default void prepare() {}

  /**
   * Reads a file or tree of the host, in canonical order, with the JVM's own rights.
   *
   * <p>The path itself comes first, as an entry with an empty path; a link that it names is
   * followed, links below it are not.
   *
   * @param path what to read
   * @param filter what is taken of a directory's content
   * @param sink where the entries go, with paths relative to the path
   * @param notices told what was left out
   * @throws IOException from the sink
   * @throws dev.cooper.oci.OperationException if it cannot be read, or changes meanwhile
   */
  void readHost(Path path, TreeFilter filter, EntrySink sink, Consumer<String> notices)
      throws IOException;

  /**
   * Opens an empty directory to unpack a layer into, as a lower directory.
   *
   * @param directory an empty directory
   * @param notices told what was left out
   * @return takes the layer's entries
   */
  TreeOutput unpack(Path directory, Consumer<String> notices);

  /**
   * Gives a directory mode 0755 and root of the containers as its owner, and takes from it what its
   * files would inherit: a default access control list and the set-group-ID bit.
   *
   * @param directory a new directory
   */
  default void makePlain(Path directory) {}

  /**
   * Mounts a root filesystem.
   *
   * @param layers unpacked layers, the lowest first; none for an empty root
   * @param directory the working container's own directory; what changes is kept in it, from mount
   *     to mount
   * @param notices told what was left out
   * @return the mounted root
   */
  Rootfs mount(List<Path> layers, Path directory, Consumer<String> notices);

  /**
   * Removes a directory and all below it, whoever owns what is in it.
   *
   * @param directory removed; nothing happens if it is not there
   */
  void delete(Path directory);

  /**
   * Waits until all that was written to a directory's file system before is on its disk.
   *
   * @param directory any directory of the file system
   * @throws dev.cooper.oci.OperationException if some of it could not be written
   */
  void sync(Path directory);

  /**
   * Measures a directory as {@code du} does, whoever owns what is in it; a file with several names
   * counts once. What goes meanwhile is passed over.
   *
   * @param directory measured with all below it
   * @param depth how many levels below it are told apart; what lies deeper counts for what it lies
   *     in
   * @param sink told of the directory itself and of everything down to that depth
   */
  void measure(Path directory, int depth, SizeSink sink);

  /** Ends every process and mount. */
  @Override
  void close();
}

package dev.cooper.spi;

import java.nio.file.Path;
import java.util.List;

/** Opens a runtime; found by {@link java.util.ServiceLoader}. */
public interface RuntimeProvider {
  /**
   * Opens a runtime for this host. Nothing is started before it is needed, and what the host lacks
   * is said then; nothing weaker is ever taken instead of what is asked for.
   *
   * @param options which isolation
   * @return a runtime of the caller's own
   * @throws dev.cooper.oci.OperationException if this host is none of the runtime's, or it does not
   *     know the isolation
   */
  ContainerRuntime open(RuntimeOptions options);

  /**
   * Looks at what this host has and lets us do, by doing it; leaves nothing behind.
   *
   * @param options what runtimes would be opened with
   * @param directory an empty directory on the store's file system, of the caller's own
   * @return what was found, in the order to be read; what is missing is one of them, never thrown
   */
  List<HostFinding> probe(RuntimeOptions options, Path directory);
}

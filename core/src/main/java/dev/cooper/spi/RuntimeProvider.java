package dev.cooper.spi;

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
}

package dev.cooper.spi;

/** Opens a runtime; found by {@link java.util.ServiceLoader}. */
public interface RuntimeProvider {
  /**
   * Opens a runtime for this host. Nothing is started before it is needed.
   *
   * @return a runtime of the caller's own
   * @throws dev.cooper.oci.OperationException if this host is none of the runtime's
   */
  ContainerRuntime open();
}

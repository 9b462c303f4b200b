package dev.cooper.oci.registry;

/**
 * Is told how blobs get on, by several threads at a time and in the midst of the transfer; it
 * should be quick.
 */
@FunctionalInterface
public interface TransferListener {
  /** Hears nothing. */
  TransferListener NONE = event -> {};

  /**
   * Something happened.
   *
   * @param event what
   */
  void on(TransferEvent event);
}

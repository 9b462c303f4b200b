package dev.cooper.oci.registry;

import dev.cooper.oci.Text;

/**
 * Something that happened to a blob on its way. Every transfer that starts also ends:
 *
 * <pre>
 * Started
 *   Progressed*  Retried*
 * Ended
 * </pre>
 */
public sealed interface TransferEvent {
  /**
   * Which transfer.
   *
   * @return the same value for all events of one
   */
  Transfer transfer();

  /**
   * It begins.
   *
   * @param transfer which
   */
  record Started(Transfer transfer) implements TransferEvent {}

  /**
   * Some more of it went over.
   *
   * @param transfer which
   * @param done bytes so far; fewer than before when it begins anew
   */
  record Progressed(Transfer transfer, long done) implements TransferEvent {}

  /**
   * It failed and is tried again.
   *
   * @param transfer which
   * @param why what failed, in one line
   */
  record Retried(Transfer transfer, String why) implements TransferEvent {
    /**
     * Escapes what a registry may have said.
     *
     * @param transfer which
     * @param why what failed
     */
    public Retried {
      why = Text.line(why);
    }
  }

  /**
   * It is over.
   *
   * @param transfer which
   * @param outcome how it ended
   */
  record Ended(Transfer transfer, Transfer.Outcome outcome) implements TransferEvent {}
}

package dev.cooper;

import dev.cooper.container.Session;
import dev.cooper.io.Io;
import dev.cooper.maintenance.PruneOptions;
import dev.cooper.maintenance.PruneReport;
import dev.cooper.maintenance.StoreReport;
import dev.cooper.maintenance.StoreUsage;
import dev.cooper.store.Pruning;
import dev.cooper.store.StoreCheck;
import dev.cooper.store.StoreInventory;
import java.util.Objects;

/**
 * Looks after a store: whether it is sound, what takes its space, and what may go.
 *
 * <p>Each may be called while this JVM and others build, and touches nothing that they use.
 * Thread-safe; got by {@link Cooper#maintenance}, and of use as long as that is open.
 */
public final class StoreMaintenance {
  private final Session session;

  StoreMaintenance(Session session) {
    this.session = session;
  }

  /**
   * Reads everything: the digest of each blob, and whether all that leads to another leads to
   * something.
   *
   * <p>Of an unpacked layer it looks at its mark of being whole, and not at every file. As fast as
   * the disk, or the SHA-256 of one processor. Nothing is changed.
   *
   * @return what was found
   * @throws dev.cooper.oci.OperationException if the store cannot be read
   */
  public StoreReport check() {
    return run("cannot check the store", true, false);
  }

  /**
   * Checks as {@link #check} does, but for the content of blobs and layers: in milliseconds.
   *
   * @return what was found
   * @throws dev.cooper.oci.OperationException if the store cannot be read
   */
  public StoreReport quickCheck() {
    return run("cannot check the store", false, false);
  }

  /**
   * Mends what {@link #check} finds: removes what is broken, and what nobody needs.
   *
   * <p>An image that lacks a blob, or has a broken one, is no longer in the store; what it shares
   * with others stays. A layer is unpacked again when it is needed. What a working container uses
   * is left as it is, and is still among the findings; so is what is not the store's.
   *
   * @return what was mended, with the names of the images that went, and what was not
   * @throws dev.cooper.oci.OperationException if the store cannot be read or written
   */
  public StoreReport repair() {
    return run("cannot repair the store", true, true);
  }

  private StoreReport run(String what, boolean content, boolean mend) {
    session.requireOpen();
    return Io.run(
        what + " " + session.store().directory(),
        () -> new StoreCheck(session.store(), content, mend).run());
  }

  /**
   * What is used by what, in bytes.
   *
   * <p>Takes some milliseconds for each ten thousand files of unpacked layers.
   *
   * @return as it was found; what comes and goes meanwhile may be in it or not
   * @throws dev.cooper.oci.OperationException if the store cannot be read
   */
  public StoreUsage usage() {
    session.requireOpen();
    return Io.run(
        "cannot measure the store " + session.store().directory(),
        () -> StoreInventory.of(session.store(), session.runtime()).usage());
  }

  /**
   * Removes what the options say, and whatever nothing else needs.
   *
   * <p>An image that a working container began from stays, and so does whatever a build uses, in
   * this JVM or another. Works on a full disk too.
   *
   * @param options what may go
   * @return what went
   * @throws dev.cooper.oci.OperationException if the store cannot be read or written
   */
  public PruneReport prune(PruneOptions options) {
    Objects.requireNonNull(options, "options");
    session.requireOpen();
    return Io.run(
        "cannot prune the store " + session.store().directory(),
        () -> new Pruning(session.store(), session.runtime(), options).run());
  }

  /** The store that it looks after. */
  @Override
  public String toString() {
    return "StoreMaintenance[" + session.store().directory() + "]";
  }
}

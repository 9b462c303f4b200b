package dev.cooper.linux;

import static dev.cooper.linux.Linux.AT_SYMLINK_NOFOLLOW;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.layer.TarEntry;
import java.util.function.Consumer;

/**
 * Adds the rows that give a file its owner, mode, extended attributes and times, in the order in
 * which none undoes another. Not thread-safe.
 */
final class TreeAttributes {
  private static final int ROWS_OF_AN_ATTRIBUTE = 16;
  private static final long HIGHEST_ID = 0xffff_fffeL;

  private final TreeBatches batches;
  private final boolean rootless;
  private final Consumer<String> notices;

  TreeAttributes(TreeBatches batches, boolean rootless, Consumer<String> notices) {
    this.batches = batches;
    this.rootless = rootless;
    this.notices = notices;
  }

  /** Owner, mode and extended attributes of what a slot holds open. */
  void set(TarEntry entry, ByteString path, long slot) {
    requireOwner(entry, path);
    TreeBatch batch = batches.current();
    int owner = batch.add(path, Sys.FCHOWN, 0, entry.uid(), entry.gid());
    batch.program().from(owner, 0, slot);
    explainOwner(batch, owner, entry, path);
    int mode = batch.add(path, Sys.FCHMOD, 0, entry.mode());
    batch.program().from(mode, 0, slot);
    entry.xattrs().forEach((name, value) -> xattr(path, slot, name, value));
  }

  /** The kernel takes the highest id for "as it is", and cuts off what is beyond it. */
  private static void requireOwner(TarEntry entry, ByteString path) {
    if (Math.max(entry.uid(), entry.gid()) > HIGHEST_ID) {
      throw new ContentException(
          path
              + ": found the owner "
              + entry.uid()
              + ":"
              + entry.gid()
              + ", expected ids of at most "
              + HIGHEST_ID);
    }
  }

  private void explainOwner(TreeBatch batch, int row, TarEntry entry, ByteString path) {
    batch.onError(
        row,
        (at, errno) -> {
          if (errno == Linux.EINVAL && rootless) {
            throw at.program()
                .failure(row)
                .during(
                    "cannot give " + path + " to " + entry.uid() + ":" + entry.gid(),
                    "this id is beyond the user's subordinate ids: extend the ranges in /etc/subuid and /etc/subgid");
          }
          throw at.program().failure(row);
        });
  }

  private void xattr(ByteString path, long slot, ByteString name, ByteString value) {
    if (Xattrs.isOverlays(name)) {
      notices.accept(
          path + ": the attribute " + name + " would steer the overlay and was left out");
      return;
    }
    batches.room(ROWS_OF_AN_ATTRIBUTE, value.length());
    TreeBatch batch = batches.current();
    int row =
        batch.add(
            path + " " + name,
            Sys.FSETXATTR,
            0,
            batch.memory().string(name),
            batch.memory().bytes(value.toBytes()),
            value.length(),
            0);
    batch.program().from(row, 0, slot);
    batch.onError(
        row,
        (at, errno) -> {
          if (errno != Linux.EPERM && errno != Linux.EOPNOTSUPP) {
            throw at.program().failure(row);
          }
          notices.accept(
              path
                  + ": the attribute "
                  + name
                  + " could not be set: "
                  + SystemCallException.reason(errno));
          return row + 1;
        });
  }

  /** Owner and times of what a slot's directory holds under a name, no link being followed. */
  void setByName(TarEntry entry, ByteString path, long parent, long nameAt) {
    requireOwner(entry, path);
    TreeBatch batch = batches.current();
    int owner =
        batch.add(path, Sys.FCHOWNAT, 0, nameAt, entry.uid(), entry.gid(), AT_SYMLINK_NOFOLLOW);
    batch.program().from(owner, 0, parent);
    explainOwner(batch, owner, entry, path);
    int times =
        batch.add(
            path,
            Sys.UTIMENSAT,
            0,
            nameAt,
            batch.times(entry.mtimeSeconds(), entry.mtimeNanos()),
            AT_SYMLINK_NOFOLLOW);
    batch.program().from(times, 0, parent);
  }
}

package dev.cooper.linux;

import static dev.cooper.linux.Linux.AT_SYMLINK_NOFOLLOW;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.FileCapability;
import dev.cooper.oci.layer.TarEntry;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Adds the rows that give a file its owner, mode, extended attributes and times, in the order in
 * which none undoes another. Not thread-safe.
 */
final class TreeAttributes {
  private static final int ROWS_OF_AN_ATTRIBUTE = 16;

  /** The kernel's struct statfs, and where it says how many blocks are free for this user. */
  private static final int STATFS_SIZE = 120;

  private static final int STATFS_AVAILABLE = 32;

  private final Lane lane;
  private final TreeBatches batches;
  private final TreeWriter.Kind kind;
  private final boolean rootless;
  private final boolean singleId;
  private final GatheredNotices notices;

  TreeAttributes(
      Lane lane,
      TreeBatches batches,
      TreeWriter.Kind kind,
      boolean rootless,
      GatheredNotices notices) {
    this.lane = lane;
    this.batches = batches;
    this.kind = kind;
    this.rootless = rootless;
    this.singleId = lane.hasSingleId();
    this.notices = notices;
  }

  /** Owner, mode and extended attributes of what a slot holds open. */
  void set(TarEntry entry, ByteString path, long slot) {
    requireOwner(entry, path);
    TreeBatch batch = batches.current();
    if (singleId) {
      noteOwner(batch, entry, path, slot);
    } else {
      int owner = batch.add(path, Sys.FCHOWN, 0, entry.uid(), entry.gid());
      batch.program().from(owner, 0, slot);
      explainOwner(batch, owner, entry, path);
    }
    int mode = batch.add(path, Sys.FCHMOD, 0, entry.mode());
    batch.program().from(mode, 0, slot);
    entry.xattrs().forEach((name, value) -> xattr(path, slot, name, value));
  }

  /** The kernel takes the highest id for "as it is", and cuts off what is beyond it. */
  private static void requireOwner(TarEntry entry, ByteString path) {
    if (Math.max(entry.uid(), entry.gid()) > NotedOwner.HIGHEST_ID) {
      throw new ContentException(
          path
              + ": found the owner "
              + entry.uid()
              + ":"
              + entry.gid()
              + ", expected ids of at most "
              + NotedOwner.HIGHEST_ID);
    }
  }

  /** Beside the file, which belongs to the only id there is. */
  private void noteOwner(TreeBatch batch, TarEntry entry, ByteString path, long slot) {
    long name = batch.memory().string(NotedOwner.NAME);
    if (entry.uid() == 0 && entry.gid() == 0) {
      if (entry.type() == EntryType.DIRECTORY) { // it may have been there, and another's
        int remove = batch.program().tolerate(path, Sys.FREMOVEXATTR, 0, name);
        batch.program().from(remove, 0, slot);
      }
      return;
    }
    ByteString owner = new NotedOwner(entry.uid(), entry.gid()).text();
    long value = batch.memory().string(owner);
    int set = batch.add(path, Sys.FSETXATTR, 0, name, value, owner.length(), 0);
    batch.program().from(set, 0, slot);
    batch.onError(
        set,
        (at, errno) -> {
          if (errno != Linux.EOPNOTSUPP && errno != Linux.EPERM) {
            throw at.program().failure(set);
          }
          lost(entry, path);
          return set + 1;
        });
  }

  private void lost(TarEntry entry, ByteString path) {
    notices.add(
        path,
        "its owner, "
            + entry.uid()
            + ":"
            + entry.gid()
            + ", could not be kept beside the single id that there is, and is 0:0 if it is committed");
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
    if (Xattrs.isReserved(name)) {
      notices.add(
          path, "the attribute " + name + " would steer the overlay, or us, and was left out");
      return;
    }
    @Nullable ByteString given =
        name.equals(FileCapability.NAME) ? FileCapability.normalized(value) : value;
    if (given == null) {
      notices.add(path, FileCapability.LEFT_OUT);
      return;
    }
    batches.room(ROWS_OF_AN_ATTRIBUTE, given.length());
    TreeBatch batch = batches.current();
    int row =
        batch.add(
            path + " " + name,
            Sys.FSETXATTR,
            0,
            batch.memory().string(name),
            batch.memory().bytes(given.toBytes()),
            given.length(),
            0);
    batch.program().from(row, 0, slot);
    batch.onError(
        row,
        (at, errno) -> {
          if (isTooLarge(errno, slot)) {
            throw new OperationException(
                String.format(
                    Locale.ROOT,
                    "cannot set the attribute %s of %s: its %d bytes are more than the store's file"
                        + " system holds beside a file (ext4: about 4 KiB for all attributes):"
                        + " put the store on another one, such as xfs or btrfs (COOPER_STORE)",
                    name,
                    path,
                    given.length()));
          }
          if (errno != Linux.EPERM && errno != Linux.EOPNOTSUPP) {
            throw at.program().failure(row);
          }
          notices.add(
              path,
              "the attribute " + name + " could not be set: " + SystemCallException.reason(errno));
          return row + 1;
        });
  }

  /** A file system says the same of an attribute that is too large and of a full disk. */
  private boolean isTooLarge(int errno, long slot) {
    if (errno != Linux.ENOSPC) {
      return errno == Linux.E2BIG || errno == Linux.ERANGE;
    }
    try (SyscallProgram program = new SyscallProgram(1, 512)) {
      long space = program.memory.zeroed(STATFS_SIZE);
      int row = program.tolerate("store", Sys.FSTATFS, 0, space);
      program.from(row, 0, slot);
      lane.run(program);
      return program.errno(row) == 0 && Memory.IO.getLong(space + STATFS_AVAILABLE) > 0;
    }
  }

  /** Owner and times of what a slot's directory holds under a name, no link being followed. */
  void setByName(TarEntry entry, ByteString path, long parent, long nameAt) {
    requireOwner(entry, path);
    TreeBatch batch = batches.current();
    if (!singleId) {
      int owner =
          batch.add(path, Sys.FCHOWNAT, 0, nameAt, entry.uid(), entry.gid(), AT_SYMLINK_NOFOLLOW);
      batch.program().from(owner, 0, parent);
      explainOwner(batch, owner, entry, path);
    } else if (kind == TreeWriter.Kind.MERGED && (entry.uid() != 0 || entry.gid() != 0)) {
      lost(entry, path); // a link can't hold such an attribute
    }
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

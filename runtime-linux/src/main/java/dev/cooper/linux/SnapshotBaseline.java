package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a directory of a copied tree is compared with: what a snapshot knows of it. What has another
 * inode or another time of change has changed, as nothing but the clock sets that time.
 */
final class SnapshotBaseline extends Baseline {
  private final Snapshot snapshot;
  private final Snapshot.Block block;
  private final Map<ByteString, Snapshot.Stamp> restored;
  private final long changedSeconds;
  private final Set<ByteString> replaced = new HashSet<>();

  /**
   * For one directory.
   *
   * @param restored what is as it was, though the kernel says that it was changed
   * @param changedSeconds when the directory was changed, and so names were taken from it
   */
  SnapshotBaseline(
      Snapshot snapshot,
      Snapshot.Block block,
      Map<ByteString, Snapshot.Stamp> restored,
      long changedSeconds) {
    this.snapshot = snapshot;
    this.block = block;
    this.restored = restored;
    this.changedSeconds = changedSeconds;
  }

  @Override
  Choice choose(ByteString path, ByteString name, long stat) {
    int at = block.find(name);
    if (at < 0) {
      return Choice.TAKE;
    }
    Snapshot.Stamp then = block.stamps().get(at);
    Snapshot.Stamp now = Snapshot.Stamp.of(stat);
    if (then.isDirectory() && !then.isSameDirectory(now)) {
      replaced.add(name);
    }
    Snapshot.@Nullable Stamp again = restored.get(path);
    if (!now.equals(then) && !now.equals(again)) {
      return Choice.TAKE;
    }
    return now.isDirectory() ? Choice.DESCEND : Choice.SKIP;
  }

  @Override
  List<ByteString> gone(List<ByteString> present) {
    List<ByteString> gone = new ArrayList<>();
    int at = 0;
    for (ByteString name : block.names()) {
      while (at < present.size() && present.get(at).compareTo(name) < 0) {
        at++;
      }
      if (at == present.size() || !present.get(at).equals(name)) {
        gone.add(name);
      }
    }
    return gone;
  }

  @Override
  long goneSeconds() {
    return changedSeconds;
  }

  /** As an overlay does: a directory in the place of another shows nothing of it. */
  @Override
  boolean hides(ByteString path, ByteString name, boolean opaque) {
    return replaced.contains(name);
  }

  @Override
  Baseline in(ByteString path, ByteString name, long ctimeSeconds) {
    int at = block.find(name);
    if (at < 0 || !block.stamps().get(at).isDirectory() || replaced.contains(name)) {
      return NONE;
    }
    try {
      return new SnapshotBaseline(
          snapshot, snapshot.block(block.blocks().get(at)), restored, ctimeSeconds);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read what /" + path + " was", e);
    }
  }
}

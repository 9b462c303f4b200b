package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.TarEntry;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What an overlay's upper directory is compared with: the layers below it. All that lies in it has
 * changed, but for directories that only held a mount point for a while.
 */
final class OverlayBaseline extends Baseline {
  private final LowerPaths lower;
  private final Predicate<ByteString> touched;
  private final Function<ByteString, @Nullable TarEntry> merged;

  /**
   * For the whole upper directory.
   *
   * @param touched which directories held a mount point
   * @param merged what the overlay shows at a path
   */
  OverlayBaseline(
      LowerPaths lower,
      Predicate<ByteString> touched,
      Function<ByteString, @Nullable TarEntry> merged) {
    this.lower = lower;
    this.touched = touched;
    this.merged = merged;
  }

  @Override
  Choice choose(ByteString path, ByteString name, long stat) {
    if (Stat.isWhiteout(stat)) {
      return lower.entry(path) == null ? Choice.SKIP : Choice.GONE;
    }
    if (Stat.format(stat) != Linux.S_IFDIR || !touched.test(path)) {
      return Choice.TAKE;
    }
    TarEntry below = lower.entry(path);
    return below != null && below.equals(merged.apply(path)) ? Choice.DESCEND : Choice.TAKE;
  }

  /** What replaces a file needs no mark, as no layer shows both. */
  @Override
  boolean hides(ByteString path, ByteString name, boolean opaque) {
    @Nullable TarEntry below = opaque ? lower.entry(path) : null;
    return below != null && below.type() == EntryType.DIRECTORY;
  }
}

package dev.cooper.linux;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Knows where overlays can be mounted. */
interface Overlays {
  /** Why the file system of a directory cannot hold an overlay's changes; null if it can. */
  @Nullable String refusal(Keeper keeper, Lane lane, Path directory);
}

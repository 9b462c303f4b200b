package dev.cooper.tree;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.spi.RootView;
import org.jspecify.annotations.Nullable;

/** A root with nothing in it: scratch. */
public enum EmptyView implements RootView {
  INSTANCE;

  @Override
  public @Nullable TarEntry entry(ByteString path) {
    return path.isEmpty() ? TarEntry.directory(ByteString.EMPTY, 0755) : null;
  }

  @Override
  public byte @Nullable [] read(ByteString path, int limit) {
    return null;
  }
}

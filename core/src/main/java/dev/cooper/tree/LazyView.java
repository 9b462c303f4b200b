package dev.cooper.tree;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.spi.RootView;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A root that is opened when something is first looked up in it. Thread-safe. */
public final class LazyView implements RootView {
  private final Supplier<RootView> open;
  private @Nullable RootView root;

  public LazyView(Supplier<RootView> open) {
    this.open = open;
  }

  private synchronized RootView root() {
    RootView known = root;
    if (known == null) {
      known = open.get();
      root = known;
    }
    return known;
  }

  @Override
  public @Nullable TarEntry entry(ByteString path) {
    return root().entry(path);
  }

  @Override
  public byte @Nullable [] read(ByteString path, int limit) {
    return root().read(path, limit);
  }
}

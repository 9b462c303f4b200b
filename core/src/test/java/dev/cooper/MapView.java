package dev.cooper;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.spi.RootView;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A root in memory. */
public final class MapView implements RootView {
  private final Map<ByteString, TarEntry> entries = new HashMap<>();
  private final Map<ByteString, byte[]> contents = new HashMap<>();

  public MapView() {
    put(TarEntry.directory(ByteString.EMPTY, 0755));
  }

  public MapView put(TarEntry entry) {
    ByteString parent = LayerPath.parent(entry.path());
    if (!entry.path().isEmpty() && !entries.containsKey(parent)) {
      put(TarEntry.directory(parent, 0755));
    }
    entries.put(entry.path(), entry);
    return this;
  }

  public MapView file(String path, String content) {
    byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
    contents.put(ByteString.utf8(path), bytes);
    return put(TarEntry.file(ByteString.utf8(path), 0644, bytes.length));
  }

  public MapView directory(String path) {
    return put(TarEntry.directory(ByteString.utf8(path), 0755));
  }

  public MapView link(String path, String target) {
    return put(TarEntry.symlink(ByteString.utf8(path), ByteString.utf8(target)));
  }

  @Override
  public @Nullable TarEntry entry(ByteString path) {
    for (ByteString up = path; !up.isEmpty(); ) {
      up = LayerPath.parent(up);
      TarEntry parent = entries.get(up);
      if (parent == null || parent.type() != EntryType.DIRECTORY) {
        return null;
      }
    }
    return entries.get(path);
  }

  @Override
  public byte @Nullable [] read(ByteString path, int limit) {
    byte[] content = contents.get(path);
    return content == null || content.length > limit ? null : content;
  }
}

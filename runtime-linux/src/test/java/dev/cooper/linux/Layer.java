package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.EntrySink;
import dev.cooper.oci.layer.TarEntry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** Writes entries of a layer in few words. */
final class Layer {
  /** What a layer is made of. */
  interface Content {
    void write(Layer layer) throws IOException;
  }

  private final EntrySink sink;

  Layer(EntrySink sink) {
    this.sink = sink;
  }

  Layer put(TarEntry entry) throws IOException {
    sink.put(entry);
    return this;
  }

  Layer put(TarEntry entry, byte[] content) throws IOException {
    sink.begin(entry.withSize(content.length));
    sink.write(content, 0, content.length);
    sink.end();
    return this;
  }

  Layer directory(String path) throws IOException {
    return put(TarEntry.directory(ByteString.utf8(path), 0755));
  }

  Layer file(String path, String content) throws IOException {
    return file(path, 0644, content.getBytes(StandardCharsets.UTF_8));
  }

  Layer file(String path, int mode, byte[] content) throws IOException {
    return put(TarEntry.file(ByteString.utf8(path), mode, 0), content);
  }

  Layer symlink(String path, String target) throws IOException {
    return put(TarEntry.symlink(ByteString.utf8(path), ByteString.utf8(target)));
  }

  Layer hardlink(String path, String target) throws IOException {
    return put(TarEntry.hardlink(ByteString.utf8(path), ByteString.utf8(target)));
  }
}

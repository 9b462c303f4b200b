package dev.cooper.tree;

import dev.cooper.oci.layer.EntrySink;
import dev.cooper.oci.layer.FileCapability;
import dev.cooper.oci.layer.TarEntry;
import java.io.IOException;
import java.util.function.Consumer;

/** Lets no entry into a layer whose capability only one user namespace could set. */
public final class CapabilitySink implements EntrySink {
  private final EntrySink out;
  private final Consumer<String> notices;

  public CapabilitySink(EntrySink out, Consumer<String> notices) {
    this.out = out;
    this.notices = notices;
  }

  @Override
  public void begin(TarEntry entry) throws IOException {
    out.begin(entry.xattrs().isEmpty() ? entry : FileCapability.normalized(entry, notices));
  }

  @Override
  public void write(byte[] source, int offset, int length) throws IOException {
    out.write(source, offset, length);
  }

  @Override
  public void end() throws IOException {
    out.end();
  }
}

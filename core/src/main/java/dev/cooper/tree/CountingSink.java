package dev.cooper.tree;

import dev.cooper.oci.layer.EntrySink;
import dev.cooper.oci.layer.TarEntry;
import java.io.IOException;

/** Counts the entries that go by. Not thread-safe. */
public final class CountingSink implements EntrySink {
  private final EntrySink out;
  private long entries;

  public CountingSink(EntrySink out) {
    this.out = out;
  }

  /** How many were begun. */
  public long entries() {
    return entries;
  }

  @Override
  public void begin(TarEntry entry) throws IOException {
    entries++;
    out.begin(entry);
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

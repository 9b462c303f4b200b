package dev.cooper.tree;

import dev.cooper.oci.layer.EntrySink;
import dev.cooper.oci.layer.TarEntry;
import java.io.IOException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Makes no entry younger than a time. */
public final class ClampingSink implements EntrySink {
  private final EntrySink out;
  private final long latest;

  private ClampingSink(EntrySink out, long latest) {
    this.out = out;
    this.latest = latest;
  }

  public static EntrySink of(EntrySink out, @Nullable Instant latest) {
    return latest == null ? out : new ClampingSink(out, latest.getEpochSecond());
  }

  @Override
  public void begin(TarEntry entry) throws IOException {
    out.begin(entry.mtimeSeconds() > latest ? entry.withMtime(latest, 0) : entry);
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

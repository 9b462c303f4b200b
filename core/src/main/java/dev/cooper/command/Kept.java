package dev.cooper.command;

import java.io.FilterInputStream;
import java.io.InputStream;

/** A stream that whoever reads it does not close. */
final class Kept extends FilterInputStream {
  Kept(InputStream in) {
    super(in);
  }

  @Override
  public void close() {
    // Whoever opened it closes it.
  }
}

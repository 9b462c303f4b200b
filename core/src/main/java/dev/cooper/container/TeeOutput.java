package dev.cooper.container;

import dev.cooper.text.Utf8Pieces;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/** Passes on what a command writes, and keeps its end. */
final class TeeOutput extends FilterOutputStream {
  private final TailOutput tail;
  private final Utf8Pieces pieces = new Utf8Pieces();

  TeeOutput(OutputStream to, TailOutput tail) {
    super(to);
    this.tail = tail;
  }

  @Override
  public void write(int octet) throws IOException {
    write(new byte[] {(byte) octet}, 0, 1);
  }

  @Override
  public void write(byte[] source, int offset, int length) throws IOException {
    tail.write(pieces.decode(source, offset, length));
    out.write(source, offset, length);
  }
}

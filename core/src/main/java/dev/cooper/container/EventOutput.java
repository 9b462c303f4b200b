package dev.cooper.container;

import dev.cooper.event.BuildEvent;
import dev.cooper.text.Utf8Pieces;
import java.io.OutputStream;

/** Tells the listener what a command writes, and keeps its end. */
final class EventOutput extends OutputStream {
  private final ContainerFiles files;
  private final boolean error;
  private final TailOutput tail;
  private final Utf8Pieces pieces = new Utf8Pieces();
  private volatile boolean over;

  EventOutput(ContainerFiles files, boolean error, TailOutput tail) {
    this.files = files;
    this.error = error;
    this.tail = tail;
  }

  @Override
  public void write(int octet) {
    write(new byte[] {(byte) octet}, 0, 1);
  }

  @Override
  public void write(byte[] source, int offset, int length) {
    tell(pieces.decode(source, offset, length));
  }

  /** Nothing more comes. */
  @Override
  public void flush() {
    tell(pieces.end());
  }

  private void tell(String text) {
    if (!text.isEmpty()) {
      tail.write(text);
      files.events().tellHere(new BuildEvent.Output(files.label(), text, error), () -> !over);
    }
  }

  /** From now on the listener hears no more of it, whatever still comes. */
  @Override
  public void close() {
    over = true;
  }
}

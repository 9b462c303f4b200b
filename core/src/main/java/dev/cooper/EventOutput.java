package dev.cooper;

import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** Tells the listener what a command writes. */
final class EventOutput extends OutputStream {
  private final ContainerFiles files;
  private final boolean error;
  private final TailOutput tail;

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
    tail.write(source, offset, length);
    files.tell(
        new BuildEvent.Output(
            files.label(), new String(source, offset, length, StandardCharsets.UTF_8), error));
  }
}

package dev.cooper;

import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/** Something that can fail reading or writing. */
interface Io<T extends @Nullable Object> {
  /** Does it. */
  T run() throws IOException;

  /** Runs it; a failure says what was being done. */
  static <T extends @Nullable Object> T run(String what, Io<T> body) {
    try {
      return body.run();
    } catch (IOException e) {
      throw new OperationException(
          what + ": " + reason(e) + (FullDisk.isCause(e) ? FullDisk.REMEDY : ""), e);
    } catch (UncheckedIOException e) {
      throw new OperationException(what + ": " + e.getMessage(), e);
    }
  }

  private static String reason(IOException e) {
    return e.getClass() == IOException.class ? String.valueOf(e.getMessage()) : e.toString();
  }
}

package dev.cooper.oci;

import java.io.IOException;
import java.nio.file.FileSystemException;
import org.jspecify.annotations.Nullable;

/**
 * Stands for a cause whose message holds a stranger's characters that do not show themselves: a
 * stack trace prints the causes' messages too.
 *
 * <p>Its text is that of the exception it stands for, escaped by {@link Text#line}; the stack trace
 * is the same.
 */
final class ShownCause extends IOException {
  private static final long serialVersionUID = 1L;

  private ShownCause(Throwable shown, @Nullable Throwable cause) {
    super(Text.line(shown.toString()), cause);
    setStackTrace(shown.getStackTrace());
  }

  @Override
  @SuppressWarnings("OverrideThrowableToString") // it prints as another exception
  public String toString() {
    return String.valueOf(getMessage());
  }

  /** The cause itself, if all that it would print shows itself; else what stands for it. */
  static @Nullable Throwable of(@Nullable Throwable cause) {
    if (cause == null || isShown(cause)) {
      return cause;
    }
    Throwable below = of(cause.getCause());
    Throwable stands =
        cause instanceof FileSystemException file
            ? fileSystems(file, below)
            : new ShownCause(cause, below);
    for (Throwable each : cause.getSuppressed()) {
      stands.addSuppressed(isShown(each) ? each : new ShownCause(each, of(each.getCause())));
    }
    return stands;
  }

  /** The reason says whether a disk is full. */
  private static Throwable fileSystems(FileSystemException shown, @Nullable Throwable cause) {
    FileSystemException stands =
        new FileSystemException(
            line(shown.getFile()), line(shown.getOtherFile()), line(shown.getReason()));
    stands.setStackTrace(shown.getStackTrace());
    return cause == null ? stands : stands.initCause(cause);
  }

  private static @Nullable String line(@Nullable String text) {
    return text == null ? null : Text.line(text);
  }

  private static boolean isShown(Throwable thrown) {
    for (Throwable each = thrown; each != null; each = each.getCause()) {
      if (each instanceof CooperException) {
        return true; // which looked after its own message and causes
      }
      if (!Text.isLine(String.valueOf(each.getMessage())) || !allShown(each.getSuppressed())) {
        return false;
      }
    }
    return true;
  }

  private static boolean allShown(Throwable[] suppressed) {
    for (Throwable each : suppressed) {
      if (!isShown(each)) {
        return false;
      }
    }
    return true;
  }
}

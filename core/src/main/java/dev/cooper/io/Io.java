package dev.cooper.io;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.CooperException;
import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Modifier;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileLockInterruptionException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Something that can fail reading or writing, or below this module. */
public interface Io<T extends @Nullable Object> {
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
      throw new OperationException(what + ": " + reason(e), e);
    } catch (OperationException | ContentException e) {
      throw during(what, e);
    }
  }

  /**
   * A failure as a caller of this module sees it: of a type that it can name, with a message that
   * begins with what could not be done.
   */
  static CooperException during(String what, CooperException failure) {
    String message = failure.getMessage();
    boolean told = message.startsWith("cannot ");
    if (failure.getClass() == ContentException.class) {
      return told ? failure : new ContentException(what + ": " + message, failure);
    }
    if (failure.getClass() == OperationException.class ? told : isExported(failure)) {
      return failure;
    }
    return new OperationException(told ? message : what + ": " + message, failure);
  }

  /** A runtime's own types are public in no package that is exported. */
  private static boolean isExported(CooperException failure) {
    return Modifier.isPublic(failure.getClass().getModifiers());
  }

  /** What a failure says, without the name of its class where that says nothing more. */
  static String reason(IOException e) {
    if (e instanceof ClosedByInterruptException || e instanceof FileLockInterruptionException) {
      return "this thread was interrupted";
    }
    if (e instanceof InterruptedIOException && e.getMessage() != null) {
      return e.getMessage();
    }
    if (e instanceof FileSystemException failed && failed.getFile() != null) {
      return named(failed, failed.getFile());
    }
    return e.getClass() == IOException.class ? String.valueOf(e.getMessage()) : e.toString();
  }

  private static String reason(UncheckedIOException e) {
    IOException cause = Objects.requireNonNull(e.getCause());
    boolean bare = cause.toString().equals(e.getMessage());
    return bare ? reason(cause) : String.valueOf(e.getMessage());
  }

  /** In the words of a system's own tools, without the name of a Java class. */
  private static String named(FileSystemException e, String file) {
    String place = file.replaceAll("/\\.staging-[^/]*.*", "");
    if (e instanceof NoSuchFileException) {
      return "found no "
          + place
          + (Path.of(place).isAbsolute() ? "" : " in " + Path.of("").toAbsolutePath());
    }
    if (e instanceof AccessDeniedException) {
      return "access to " + place + " is denied";
    }
    if (e instanceof FileAlreadyExistsException) {
      return Files.isDirectory(Path.of(place))
          ? place + " is there already"
          : place + " is there already, and is no directory";
    }
    if (e instanceof NotDirectoryException) {
      return place + " is no directory";
    }
    if (e instanceof DirectoryNotEmptyException) {
      return "the directory " + place + " is not empty";
    }
    return place + (e.getReason() == null ? "" : ": " + e.getReason());
  }
}

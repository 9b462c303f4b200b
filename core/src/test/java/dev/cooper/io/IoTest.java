package dev.cooper.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.Cooper;
import dev.cooper.WorkingContainer;
import dev.cooper.error.SourceNotFoundException;
import dev.cooper.event.BuildListener;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileLockInterruptionException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IoTest {
  /** As a runtime throws them, whose package is not exported. */
  private static final class HiddenException extends OperationException {
    private static final long serialVersionUID = 1L;

    HiddenException() {
      super("openat /x: EIO (Input/output error)");
    }
  }

  @Test
  void typesThatACallerCannotNameBecomeOnesThatItCan() {
    assertThatThrownBy(
            () ->
                Io.run(
                    "cannot read it",
                    () -> {
                      throw new HiddenException();
                    }))
        .isExactlyInstanceOf(OperationException.class)
        .hasMessage("cannot read it: openat /x: EIO (Input/output error)")
        .hasCauseInstanceOf(HiddenException.class);
  }

  @Test
  void interruptsAreToldInWords() {
    List<IOException> interrupts =
        List.of(
            new ClosedByInterruptException(),
            new FileLockInterruptionException(),
            new InterruptedIOException("this thread was interrupted"));
    for (IOException each : interrupts) {
      assertThatThrownBy(
              () ->
                  Io.run(
                      "cannot commit it",
                      () -> {
                        throw each;
                      }))
          .hasMessage("cannot commit it: this thread was interrupted");
      assertThatThrownBy(
              () ->
                  Io.run(
                      "cannot commit it",
                      () -> {
                        throw new UncheckedIOException(each);
                      }))
          .hasMessage("cannot commit it: this thread was interrupted");
    }
  }

  @Test
  void messagesBeginWithWhatCouldNotBeDoneOnce() {
    assertThatThrownBy(
            () ->
                Io.run(
                    "cannot pull app",
                    () ->
                        Io.run(
                            "cannot read the store",
                            () -> {
                              throw new ContentException("blob x: found 3 bytes");
                            })))
        .isExactlyInstanceOf(ContentException.class)
        .hasMessage("cannot read the store: blob x: found 3 bytes");
  }

  @Test
  void exportedTypesStayAsTheyAre() {
    SourceNotFoundException thrown = new SourceNotFoundException("no file matches");
    assertThatThrownBy(
            () ->
                Io.run(
                    "cannot copy",
                    () -> {
                      throw thrown;
                    }))
        .isSameAs(thrown);
  }

  @Test
  void failuresOfFilesAreToldWithoutClassesAndStagingNames() {
    assertThat(Io.reason(new NoSuchFileException("/a/b"))).isEqualTo("found no /a/b");
    assertThat(Io.reason(new AccessDeniedException("/out/.staging-17/file-1")))
        .isEqualTo("access to /out is denied");
    assertThat(Io.reason(new FileSystemException("/a", null, "No space left on device")))
        .isEqualTo("/a: No space left on device");
  }

  @Test
  void whatIsThrownHasATypeThatCallersCanName() {
    assertThatThrownBy(
            () ->
                Io.run(
                    "cannot do \"COPY a /x\"",
                    () -> {
                      throw new HiddenException();
                    }))
        .isExactlyInstanceOf(OperationException.class)
        .hasMessageStartingWith("cannot do \"COPY ")
        .hasMessageEndingWith("openat /x: EIO (Input/output error)");
    assertThatThrownBy(
            () ->
                Io.run(
                    "cannot do \"COPY a /x\"",
                    () -> {
                      throw new UncheckedIOException(new IOException("broken"));
                    }))
        .isExactlyInstanceOf(OperationException.class)
        .hasMessageContaining("broken");
  }

  /** What a caller's own code throws is the caller's. */
  @Test
  void whatOptionsThrowIsPassedOn(@TempDir Path temp) {
    try (Cooper cooper =
            Cooper.builder().store(temp.resolve("s")).listener(BuildListener.quiet()).build();
        WorkingContainer container = cooper.scratch()) {
      IllegalStateException own = new IllegalStateException("own");
      assertThatThrownBy(
              () ->
                  container.copy(
                      temp,
                      "/x",
                      options -> {
                        throw own;
                      }))
          .isSameAs(own);
    }
  }

  @Test
  void missingFilesAreToldWithTheDirectoryThatWasLookedIn() {
    assertThat(Io.reason(new NoSuchFileException("no.tar")))
        .isEqualTo("found no no.tar in " + Path.of("").toAbsolutePath());
  }
}

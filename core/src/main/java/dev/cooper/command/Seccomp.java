package dev.cooper.command;

import dev.cooper.io.Io;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layout.RegularFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Objects;

/**
 * Which system calls a command may make; {@code --security-opt seccomp=} of docker and buildah.
 *
 * <p>A filter lets only the machine's own 64-bit calls through: for 32-bit programs there is {@link
 * #UNCONFINED}.
 */
public sealed interface Seccomp {
  /** As Docker's own: what programs need, more of it where the command has capabilities. */
  Seccomp DEFAULT = new Standard();

  /** Every call: the kernel is then one fault away from whatever the command runs. */
  Seccomp UNCONFINED = new Unconfined();

  /** As {@link #DEFAULT}. */
  record Standard() implements Seccomp {}

  /** As {@link #UNCONFINED}. */
  record Unconfined() implements Seccomp {}

  /**
   * What a profile says, in Docker's JSON format.
   *
   * @param name what errors call it
   * @param json its text; read when a command starts
   */
  record Profile(String name, String json) implements Seccomp {
    /** Far more than any has. */
    private static final int MOST = 1 << 20;
  }

  /**
   * The profile of a file, read now.
   *
   * @param file in Docker's JSON format, such as {@code /usr/share/containers/seccomp.json}
   * @return the profile
   * @throws OperationException if it cannot be read, has over 1 MiB or is no regular file
   */
  static Seccomp profile(Path file) {
    Objects.requireNonNull(file, "file");
    try {
      byte[] bytes = RegularFile.read(file, Profile.MOST);
      CharBuffer text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
      return new Profile(file.toString(), text.toString());
    } catch (ContentException e) {
      throw new OperationException("cannot read the seccomp profile " + e.getMessage(), e);
    } catch (IOException e) {
      throw new OperationException(
          "cannot read the seccomp profile " + file + ": " + Io.reason(e), e);
    }
  }
}

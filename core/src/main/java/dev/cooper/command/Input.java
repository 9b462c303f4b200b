package dev.cooper.command;

import dev.cooper.oci.ByteString;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;

/** What a command reads as its standard input, as a value that is opened when the command runs. */
public sealed interface Input {
  /**
   * Opens it.
   *
   * @return the input, to be closed once the command is over
   * @throws IOException if it cannot be opened
   */
  InputStream open() throws IOException;

  /**
   * Bytes in memory; the same each time.
   *
   * @param content what is read
   */
  record Bytes(ByteString content) implements Input {
    @Override
    public InputStream open() {
      return new ByteArrayInputStream(content.toBytes());
    }

    /** The length, not the content, which may be secret. */
    @Override
    public String toString() {
      return "Bytes[" + content.length() + "]";
    }
  }

  /**
   * A file of the host.
   *
   * @param path read when the command runs
   */
  record File(Path path) implements Input {
    @Override
    public InputStream open() throws IOException {
      return Files.newInputStream(path);
    }
  }

  /**
   * What somebody gives each time.
   *
   * @param supplier asked when the command runs
   */
  record Supplied(Supplier<InputStream> supplier) implements Input {
    @Override
    public InputStream open() {
      return supplier.get();
    }
  }

  /**
   * A stream that is open already, for one command; the caller's to close.
   *
   * @param stream what is read
   */
  record Open(InputStream stream) implements Input {
    @Override
    public InputStream open() {
      return new Kept(stream);
    }
  }
}

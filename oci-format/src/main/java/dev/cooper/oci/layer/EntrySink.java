package dev.cooper.oci.layer;

import java.io.IOException;

/**
 * Where the entries of a tree go, one after the other: a tar archive, or a root filesystem.
 *
 * <p>Each entry is begun, gets exactly its size in bytes, and is ended. Not thread-safe.
 */
public interface EntrySink {
  /**
   * Begins an entry.
   *
   * @param entry what comes; a file's size says how many bytes follow
   * @throws IOException if the sink cannot take it
   */
  void begin(TarEntry entry) throws IOException;

  /**
   * Takes bytes of the entry's content.
   *
   * @param source where they lie
   * @param offset the first one's index
   * @param length how many
   * @throws IOException if the sink cannot take them
   */
  void write(byte[] source, int offset, int length) throws IOException;

  /**
   * Ends the entry.
   *
   * @throws IOException if the sink cannot finish it
   */
  void end() throws IOException;

  /**
   * An entry without content.
   *
   * @param entry a directory, link, device, fifo or empty file
   * @throws IOException if the sink cannot take it
   */
  default void put(TarEntry entry) throws IOException {
    begin(entry);
    end();
  }
}

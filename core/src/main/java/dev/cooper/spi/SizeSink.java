package dev.cooper.spi;

import java.nio.file.Path;

/** Takes what the parts of a directory take of the disk. */
public interface SizeSink {
  /**
   * Takes one part.
   *
   * @param path the directory itself, or something below it
   * @param bytes how long its files are, with all below it that is not told apart
   * @param onDisk how many bytes of the disk it takes, likewise
   */
  void add(Path path, long bytes, long onDisk);
}

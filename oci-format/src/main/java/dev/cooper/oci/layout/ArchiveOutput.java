package dev.cooper.oci.layout;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.oci.layer.TarWriter;
import java.io.ByteArrayInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;

/** A tar archive being written: root's files and directories, all of one time. */
final class ArchiveOutput implements Closeable {
  private final FileChannel channel;
  private final TarWriter tar;
  private final long seconds;

  ArchiveOutput(Path file, Instant time) throws IOException {
    channel = DurableFiles.create(file);
    tar = new TarWriter(Channels.newOutputStream(channel));
    seconds = time.getEpochSecond();
  }

  void directory(String name) throws IOException {
    tar.put(TarEntry.directory(ByteString.utf8(name), 0755).withMtime(seconds, 0));
  }

  void file(String name, byte[] content) throws IOException {
    put(name, content.length, new ByteArrayInputStream(content));
  }

  void file(String name, Path content) throws IOException {
    try (InputStream in = Files.newInputStream(content)) {
      put(name, Files.size(content), in);
    }
  }

  private void put(String name, long size, InputStream content) throws IOException {
    tar.put(TarEntry.file(ByteString.utf8(name), 0644, size).withMtime(seconds, 0), content);
  }

  /** Ends the archive, and syncs it. */
  void finish() throws IOException {
    tar.finish();
    channel.force(true);
  }

  @Override
  public void close() throws IOException {
    tar.close();
  }
}

package dev.cooper.oci.layout;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.Index;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;

/** Gathers blobs in a directory of its own beside the target, which a commit makes use of. */
abstract class StagedWriter implements ContentWriter {
  private final Path staging;
  private final Map<Digest, Path> blobs = new ConcurrentSkipListMap<>();
  private final AtomicInteger files = new AtomicInteger();
  private boolean done;

  /** Stages in the target's own directory, as a rename needs one file system. */
  StagedWriter(Path directory) throws IOException {
    staging = stagingIn(directory);
  }

  /** Named by its parent in a failure: nobody knows the name that it would have had. */
  private static Path stagingIn(Path directory) throws IOException {
    try {
      return Files.createTempDirectory(directory, ".staging-");
    } catch (NoSuchFileException e) {
      throw (IOException) new NoSuchFileException(directory.toString()).initCause(e);
    } catch (AccessDeniedException e) {
      throw (IOException) new AccessDeniedException(directory.toString()).initCause(e);
    } catch (FileSystemException e) {
      throw (IOException)
          new FileSystemException(directory.toString(), null, e.getReason()).initCause(e);
    }
  }

  /** Where temporary files may lie until the commit ends. */
  final Path staging() {
    return staging;
  }

  /** The blobs that were written, by digest and in its order. */
  final Map<Digest, Path> blobs() {
    return blobs;
  }

  /** Whether the target had a blob before. */
  boolean wasThere(Digest digest) {
    return false;
  }

  @Override
  public final boolean contains(Digest digest) {
    return blobs.containsKey(digest) || wasThere(digest);
  }

  @Override
  public final void blob(Descriptor descriptor, InputStream content) throws IOException {
    requireOpen();
    if (contains(descriptor.digest())) {
      return;
    }
    Path file = newFile();
    // Verified to its end before anything can use it; closing it is the caller's business.
    copy(new VerifyingInputStream(content, descriptor, "blob to write"), file, keepsFiles());
    blobs.put(descriptor.digest(), file);
  }

  @Override
  public final void verifiedBlob(Descriptor descriptor, Path verified) throws IOException {
    requireOpen();
    if (contains(descriptor.digest())) {
      return;
    }
    long size = Files.size(verified);
    if (size != descriptor.size()) {
      throw new ContentException(
          "blob " + descriptor.digest() + " has " + size + " bytes, expected " + descriptor.size());
    }
    Path file = newFile();
    if (!keepsFiles() && linked(verified, file)) {
      blobs.put(descriptor.digest(), file);
    } else {
      try (InputStream in = Files.newInputStream(verified)) {
        blob(descriptor, in);
      }
    }
  }

  /** Links a file; false where its file system is another or has no links. */
  private static boolean linked(Path file, Path link) throws IOException {
    try {
      Files.createLink(link, file);
      return true;
    } catch (UnsupportedOperationException | FileSystemException e) {
      Files.deleteIfExists(link);
      return false;
    }
  }

  /** A new name in the staging directory. */
  final Path newFile() {
    return staging.resolve("file-" + files.incrementAndGet());
  }

  /** Whether a staged file itself will be part of the target, and so has to be on the disk. */
  boolean keepsFiles() {
    return false;
  }

  /** Copies a stream to a new file. */
  static void copy(InputStream in, Path file, boolean sync) throws IOException {
    try (FileChannel channel = DurableFiles.create(file);
        OutputStream out = Channels.newOutputStream(channel)) {
      byte[] buffer = new byte[128 * 1024];
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        out.write(buffer, 0, n);
      }
      if (sync) {
        channel.force(true);
      }
    }
  }

  @Override
  public final void commit(Index index) throws IOException {
    requireOpen();
    for (Descriptor manifest : index.manifests()) {
      if (manifest.data() == null && !contains(manifest.digest())) {
        throw new ContentException(
            "commit of an index: its manifest " + manifest.digest() + " was not written before");
      }
    }
    publish(index);
    close();
  }

  /** Makes everything visible in one step. */
  abstract void publish(Index index) throws IOException;

  private synchronized void requireOpen() {
    if (done) {
      throw new IllegalStateException("the writer was committed or closed");
    }
  }

  @Override
  public final void close() throws IOException {
    synchronized (this) {
      if (done) {
        return;
      }
      done = true;
    }
    DurableFiles.deleteTree(staging);
  }
}

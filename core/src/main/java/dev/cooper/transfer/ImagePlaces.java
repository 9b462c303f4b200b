package dev.cooper.transfer;

import dev.cooper.error.SourceNotFoundException;
import dev.cooper.event.BuildEvent.Work;
import dev.cooper.host.TarHead;
import dev.cooper.io.Io;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.CooperException;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.compress.Decompression;
import dev.cooper.oci.layer.LayerBudget;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.oci.layer.TarReader;
import dev.cooper.oci.layout.ContentReader;
import dev.cooper.oci.layout.Layouts;
import dev.cooper.oci.layout.RegularFile;
import dev.cooper.progress.Progress;
import dev.cooper.store.Store;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Images that lie in files and directories of the host. */
public final class ImagePlaces {
  private static final int LOOKED_AT = 10_000;

  /** A layer of an archive of before Docker 1.10, which is read to be refused with a remedy. */
  private static final Pattern OLD_LAYER = Pattern.compile("[0-9a-f]{64}/layer\\.tar");

  /** How no image's name begins, but a path. */
  private static final Pattern PATH = Pattern.compile("/|~|\\.{1,2}(/|$)");

  private ImagePlaces() {}

  /**
   * Opens a layout or an archive.
   *
   * @throws ContentException if it is none, with a remedy for a root filesystem
   */
  static ContentReader open(Path path, Path temporary, Store store) throws IOException {
    try {
      return Layouts.open(path, temporary, store.limits());
    } catch (ContentException e) {
      if (!mayBeRoot(path, store)) {
        throw e;
      }
      throw new ContentException(
          e.getMessage()
              + "; if this is a root filesystem, begin from rootfs:"
              + path
              + ", or make an image of it with importRoot(Path)",
          e);
    }
  }

  /** Whether something is a directory or a readable tar, and no image. */
  private static boolean mayBeRoot(Path path, Store store) {
    try {
      return Files.exists(path) && !isImage(path, store);
    } catch (CooperException noTar) {
      return false;
    }
  }

  /**
   * Refuses a file of the host where a name of an image is expected, lest a registry is asked for
   * it. A directory may be called as an image is; only one that holds an image or a root is meant.
   *
   * @param remedy what a registry's image of the same name is asked for with
   */
  static void requireName(String text, String remedy) {
    boolean path = PATH.matcher(text).lookingAt();
    Path file = path(text);
    if (file != null
        && (Files.isRegularFile(file)
            || Files.isDirectory(file) && (path || isImageOrRoot(file)))) {
      throw new OperationException(
          "no image is called \""
              + text
              + "\", but there is a file of this name: begin from it with from(Path.of(\""
              + text
              + "\"))"
              + (path ? "" : ", or ask the registry with " + remedy));
    }
    if (path) {
      if (file != null) {
        RegularFile.require(file, "an image");
      }
      throw new SourceNotFoundException(
          "no image is called \"" + text + "\", and there is no file of this name");
    }
  }

  private static @Nullable Path path(String text) {
    try {
      return text.isEmpty() ? null : Path.of(text);
    } catch (InvalidPathException e) {
      return null;
    }
  }

  private static boolean isImageOrRoot(Path directory) {
    return Files.exists(directory.resolve("oci-layout"))
        || Files.exists(directory.resolve("etc")) && Files.exists(directory.resolve("bin"));
  }

  /** Whether a path holds an image, and not a root filesystem. */
  public static boolean isImage(Path path, Store store) {
    if (Files.notExists(path)) {
      throw new SourceNotFoundException(
          "no image and no root filesystem lies at "
              + path
              + ": there is no such file or directory");
    }
    if (Files.isDirectory(path)) {
      return Files.exists(path.resolve("oci-layout")) || Files.exists(path.resolve("index.json"));
    }
    TarHead.require(path, "a tar of images or of a root filesystem");
    try {
      return Io.run("cannot read " + path, () -> holdsManifest(path, store));
    } catch (ContentException e) {
      throw new ContentException(path + ": " + e.getMessage(), e);
    }
  }

  private static boolean holdsManifest(Path file, Store store) throws IOException {
    List<String> marks = List.of("manifest.json", "oci-layout", "index.json");
    LayerBudget budget =
        LayerBudget.of(
            store.limits().withLayerEntries(Long.MAX_VALUE).withLayerBytes(Long.MAX_VALUE),
            Files.size(file));
    try (Progress.Piece work =
            store.progress().begin(Work.Kind.READ, file.toString(), Files.size(file));
        TarReader reader =
            TarReader.over(Decompression.open(work.counted(Files.newInputStream(file))), budget)) {
      int seen = 0;
      for (TarEntry entry = reader.next();
          entry != null && seen++ < LOOKED_AT;
          entry = reader.next()) {
        String path = entry.path().latin1();
        String name = path.startsWith("./") ? path.substring(2) : path;
        if (marks.contains(name) || OLD_LAYER.matcher(name).matches()) {
          work.succeed();
          return true;
        }
      }
      work.succeed();
      return false;
    }
  }
}

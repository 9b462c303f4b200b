package dev.cooper;

import dev.cooper.BuildEvent.Work;
import dev.cooper.oci.Platform;
import dev.cooper.oci.compress.Decompression;
import dev.cooper.oci.layer.LayerBudget;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.oci.layer.TarReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Images that lie in files and directories of the host. */
final class ImagePlaces {
  private static final int LOOKED_AT = 10_000;

  /** A layer of an archive of before Docker 1.10, which is read to be refused with a remedy. */
  private static final Pattern OLD_LAYER = Pattern.compile("[0-9a-f]{64}/layer\\.tar");

  private ImagePlaces() {}

  /** The one image of a place, or the one of a name. */
  static Image only(Session session, Path path, @Nullable String name) {
    return Io.run(
        "cannot load " + path,
        () ->
            new Image(
                session,
                new ImageImport(session.store(), null, session::notice)
                    .one(path, name, Platform.current(), null)));
  }

  /** Whether a path holds an image, and not a root filesystem. */
  static boolean isImage(Path path, Store store) {
    if (Files.notExists(path)) {
      throw new SourceNotFoundException(
          "no image and no root filesystem lies at "
              + path
              + ": there is no such file or directory");
    }
    if (Files.isDirectory(path)) {
      return Files.exists(path.resolve("oci-layout")) || Files.exists(path.resolve("index.json"));
    }
    return Io.run("cannot read " + path, () -> holdsManifest(path, store));
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

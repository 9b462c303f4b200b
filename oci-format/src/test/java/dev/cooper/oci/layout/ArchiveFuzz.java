package dev.cooper.oci.layout;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.ImageLimits;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Any bytes as an OCI archive, a Docker archive and its manifest.json: refused with a {@link
 * ContentException}, or copied.
 */
public final class ArchiveFuzz {
  private static final ImageLimits LIMITS =
      ImageLimits.DEFAULT.withImageBytes(1 << 20).withLayerBytes(1 << 20);

  private ArchiveFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) throws IOException {
    try {
      SavedImage.parseAll(input);
    } catch (ContentException refused) {
      requireMessage(refused);
    }
    Path directory = Files.createTempDirectory("cooper-fuzz");
    try {
      archive(directory, Files.write(directory.resolve("archive"), input));
    } finally {
      DurableFiles.deleteTree(directory);
    }
  }

  private static void archive(Path directory, Path file) throws IOException {
    try (ContentReader from = Layouts.open(file, directory, LIMITS)) {
      Validator.validate(from);
      Path copy = directory.resolve("copy");
      try (ContentWriter to = OciArchive.create(copy)) {
        Layouts.copy(from, to, from.index());
      }
      try (ContentReader again = Layouts.open(copy, directory, LIMITS)) {
        if (!again.index().equals(from.index())) {
          throw new AssertionError("the copy has another index");
        }
      }
    } catch (ContentException refused) {
      requireMessage(refused);
    }
  }

  private static void requireMessage(ContentException refused) {
    if (refused.getMessage().isBlank()
        || refused.getMessage().getBytes(StandardCharsets.UTF_8).length > 20_000) {
      throw new AssertionError("a message of that length", refused);
    }
  }
}

package dev.cooper.oci.layout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.compress.Compression;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Archives with seeded damage are read, reported or refused, and leave nothing behind. */
class ArchiveFuzzTest {
  private static final int ROUNDS = 100;

  @TempDir Path temp;
  private final TestImage image = TestImage.of("x", MediaType.OCI_LAYER_ZSTD);

  @Test
  void ociArchive() throws IOException {
    Path file = temp.resolve("a.tar");
    image.writeAndCommit(OciArchive.create(file), "app:1");
    fuzz(Files.readAllBytes(file));
  }

  @Test
  void dockerArchive() throws IOException {
    Path file = temp.resolve("a.tar");
    image.writeAndCommit(DockerArchive.create(file), "app:1");
    fuzz(Files.readAllBytes(file));
  }

  @Test
  void compressedArchive() throws IOException {
    Path file = temp.resolve("a.tar");
    image.writeAndCommit(OciArchive.create(file), "app:1");
    byte[] whole = Files.readAllBytes(file);
    for (Compression compression : List.of(Compression.GZIP, Compression.ZSTD)) {
      fuzz(TestImage.pack(whole, compression));
    }
  }

  private void fuzz(byte[] whole) throws IOException {
    Random random = new Random(20240131);
    int found = 0;
    for (int round = 0; round < ROUNDS; round++) {
      byte[] damaged = whole.clone();
      if (round % 3 == 0) {
        damaged = Arrays.copyOf(whole, random.nextInt(whole.length));
      } else {
        for (int i = random.nextInt(4); i >= 0; i--) {
          damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
        }
      }
      found += check(damaged) ? 1 : 0;
    }
    // Not all: much of a tar is padding.
    assertThat(found).isGreaterThan(ROUNDS / 4);
  }

  /** Whether something was found to be wrong. */
  private boolean check(byte[] damaged) throws IOException {
    Path file = Files.write(temp.resolve("damaged"), damaged);
    try {
      List<Violation> violations = Validator.validate(file);
      try (ContentReader from = Layouts.open(file);
          ContentWriter to = OciArchive.create(temp.resolve("copy.tar"))) {
        Layouts.copy(from, to, from.index());
      }
      return !violations.isEmpty();
    } catch (ContentException e) {
      return true;
    } catch (RuntimeException | Error e) {
      return fail("damaged archive", e);
    } finally {
      assertThat(temp).isDirectoryNotContaining("glob:**/.*");
    }
  }
}

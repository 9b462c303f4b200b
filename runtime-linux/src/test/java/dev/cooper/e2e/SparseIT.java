package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.image.SaveOptions;
import dev.cooper.oci.Digest;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.Test;

/** Files with holes: the layer has their zeros, the disk has not. */
class SparseIT extends EndToEnd {
  private static final long SIZE = 256L << 20;

  private Path sparse(long size) throws IOException {
    Path file = host("sparse", "begin");
    try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
      out.seek(size / 2 + 1);
      out.writeBytes("middle");
      out.setLength(size);
    }
    return Files.setLastModifiedTime(file, FileTime.from(NOW));
  }

  private static long kibibytes(Path path) throws IOException {
    return Long.parseLong(Tools.run("du", "-sk", path.toString()).split("\\s")[0]);
  }

  private Digest copied(Path file) throws IOException {
    try (WorkingContainer c = cooper.from("scratch")) {
      Image image = c.copy(file, "/sparse").commit();
      return image.manifest().layers().get(0).digest();
    }
  }

  @Test
  void copyGivesTheLayerThatAFileWithoutHolesGives() throws IOException {
    Path file = sparse(6 << 20);
    Digest holes = copied(file);
    Files.write(file, Files.readAllBytes(file));
    Files.setLastModifiedTime(file, FileTime.from(NOW));
    assertThat(copied(file)).isEqualTo(holes);
  }

  @Test
  void copyRunAndSaveTakeNoSpaceForHoles() throws IOException {
    Path file = sparse(SIZE);
    try (WorkingContainer c = container()) {
      c.copy(file, "/sparse")
          .run("dd if=/dev/null of=/made bs=1 seek=" + SIZE + "; echo x >/plain");
      Image image = c.commit();
      assertThat(image.manifest().layers().get(1).size()).isGreaterThan(SIZE);
      assertThat(kibibytes(store.resolve("blobs"))).isLessThan(SIZE >> 12);
      assertThat(c.exec("/bin/stat", "-c", "%s", "/sparse", "/made").out())
          .isEqualTo(SIZE + "\n" + SIZE + "\n");
      Path archive = temp.resolve("saved.tar");
      image.save(archive, SaveOptions.ociArchive());
      assertThat(kibibytes(archive)).isLessThan(SIZE >> 13);
    }
  }
}

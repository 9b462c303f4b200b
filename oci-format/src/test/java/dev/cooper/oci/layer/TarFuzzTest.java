package dev.cooper.oci.layer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.ImageLimits;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** An archive with every kind of header, damaged at random: read or refused, but nothing else. */
class TarFuzzTest {
  private static final byte[] ARCHIVE =
      new RawTar()
          .extension('g', RawTar.record("uid", "7") + RawTar.record("mtime", "1.5"))
          .extension(
              'x',
              RawTar.record("path", "p")
                  + RawTar.record("mtime", "-1.25")
                  + RawTar.record("SCHILY.xattr.user.a", "\0\u0080"))
          .file("f", "content")
          .extension('L', "long\0")
          .extension('K', "link\0")
          .header("l", '2', 0)
          .header("c", '3', 0, block -> RawTar.put(block, 329, "0000001\0" + "0000003\0"))
          .extension(
              'x', RawTar.record("GNU.sparse.size", "8") + RawTar.record("GNU.sparse.map", "1,2"))
          .file("s", "ab")
          .extension(
              'x',
              RawTar.record("GNU.sparse.major", "1") + RawTar.record("GNU.sparse.realsize", "8"))
          .header("t", '0', 514)
          .data("1\n1\n2\n")
          .data("ab")
          .header(
              "u",
              'S',
              3,
              block -> {
                RawTar.put(block, 257, "ustar  \0");
                RawTar.put(block, 386, "00000000002\0" + "00000000003\0");
                RawTar.put(block, 483, "00000000016\0");
              })
          .data("abc")
          .end()
          .bytes();

  @Test
  void readerOfDamagedArchivesThrowsNothingElse() throws IOException {
    assertThat(RawTar.readAll(TarReader.over(new ByteArrayInputStream(ARCHIVE)))).hasSize(6);
    Random random = new Random(15);
    int refused = 0;
    for (int round = 0; round < 20_000; round++) {
      byte[] damaged = ARCHIVE.clone();
      for (int i = random.nextInt(4); i >= 0; i--) {
        int at = random.nextInt(damaged.length);
        damaged[at] = (byte) (random.nextBoolean() ? random.nextInt() : "0179 -./\0".charAt(i));
      }
      sumAgain(damaged);
      refused += isRefused(damaged) ? 1 : 0;
    }
    assertThat(refused).isBetween(1000, 19_000);
  }

  /** A limit on sparse files, as reading gibibytes of zeros would only take time. */
  private static boolean isRefused(byte[] damaged) throws IOException {
    ImageLimits limits = ImageLimits.DEFAULT.withLayerBytes(1 << 20);
    try {
      RawTar.readAll(TarReader.over(new ByteArrayInputStream(damaged), limits));
      return false;
    } catch (ContentException e) {
      return true;
    }
  }

  /** So that the damage is found by what reads the fields, not by the header's checksum. */
  private static void sumAgain(byte[] archive) {
    for (int start = 0; start < archive.length; start += 512) {
      if (ARCHIVE[start + 257] == 'u' && ARCHIVE[start + 258] == 's') {
        int sum = 8 * ' ';
        for (int i = 0; i < 512; i++) {
          sum += i >= 148 && i < 156 ? 0 : archive[start + i] & 0xff;
        }
        RawTar.put(archive, start + 148, String.format("%06o\0 ", sum));
      }
    }
  }
}

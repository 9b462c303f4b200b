package dev.cooper.oci.layer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.compress.Decompression;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Small inputs that would fill a JVM's memory: each is refused in one that has 64 MiB. */
class TarBombTest {
  private static final long GIB = 1L << 30;

  @Test
  @Timeout(60)
  void bombsAreRefusedInASmallJvm() throws IOException, InterruptedException {
    Process jvm =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                TarBombTest.class.getName())
            .redirectErrorStream(true)
            .start();
    String output = new String(jvm.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(jvm.waitFor(50, TimeUnit.SECONDS)).as(output).isTrue();
    assertThat(jvm.exitValue()).as(output).isZero();
  }

  /** Throws, and so ends with status 1, if a bomb is taken. */
  public static void main(String[] arguments) throws IOException {
    for (Map.Entry<String, InputStream> bomb : bombs().entrySet()) {
      try (TarReader reader = TarReader.over(bomb.getValue())) {
        readAll(reader);
      } catch (ContentException e) {
        continue;
      }
      throw new AssertionError(bomb.getKey() + " was not refused");
    }
  }

  private static void readAll(TarReader reader) throws IOException {
    byte[] buffer = new byte[1 << 16];
    while (reader.next() != null) {
      while (reader.read(buffer, 0, buffer.length) >= 0) {
        // The content is of no interest, only that it ends.
      }
    }
    reader.drain();
  }

  private static Map<String, InputStream> bombs() throws IOException {
    Map<String, InputStream> bombs = new LinkedHashMap<>();
    bombs.put("a PAX header of 1 GiB", endless(new RawTar().header("x", 'x', GIB), new byte[512]));
    bombs.put("a global one", endless(new RawTar().header("x", 'g', GIB), new byte[512]));
    bombs.put(
        "a name of 8 GiB", endless(new RawTar().header("x", 'L', 8 * GIB - 1), new byte[512]));
    bombs.put(
        "a link of 8 GiB", endless(new RawTar().header("x", 'K', 8 * GIB - 1), new byte[512]));
    bombs.put("64 GiB after the end", endless(new RawTar().end(), new byte[512]));
    bombs.put("200 MiB after the end, packed", packed());
    bombs.put("endless GNU sparse segments", new SparseSegments());
    bombs.put("a sparse map of ten million", sparse("10000000\n", 8 * GIB - 512, "1000000000"));
    bombs.put("a sparse file of 8 EiB", sparse("0\n", 512, "9223372036854775807"));
    return bombs;
  }

  private static InputStream sparse(String map, long size, String realSize) {
    String records =
        RawTar.record("GNU.sparse.major", "1") + RawTar.record("GNU.sparse.realsize", realSize);
    return new ByteArrayInputStream(
        new RawTar().extension('x', records).header("f", '0', size).data(map).bytes());
  }

  private static InputStream packed() throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed, 1 << 16)) {
      byte[] zeros = new byte[1 << 20];
      for (int i = 0; i < 200; i++) {
        gzip.write(zeros);
      }
    }
    return Decompression.open(new ByteArrayInputStream(packed.toByteArray()));
  }

  private static InputStream endless(RawTar start, byte[] block) {
    return new SequenceInputStream(
        new ByteArrayInputStream(start.bytes()),
        new InputStream() {
          @Override
          public int read() {
            return 0;
          }

          @Override
          public int read(byte[] target, int offset, int length) {
            int n = Math.min(length, block.length);
            System.arraycopy(block, 0, target, offset, n);
            return n;
          }
        });
  }

  /** A GNU sparse header, and extension blocks of rising segments without an end. */
  private static final class SparseSegments extends InputStream {
    private byte[] block =
        RawTar.block(
            "s",
            'S',
            0,
            b -> {
              RawTar.put(b, 257, "ustar  \0");
              b[482] = 1;
              RawTar.put(b, 483, "77777777777\0");
            });
    private int position;
    private long offset;

    @Override
    public int read() {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int at, int length) {
      if (position == block.length) {
        next();
      }
      int n = Math.min(length, block.length - position);
      System.arraycopy(block, position, target, at, n);
      position += n;
      return n;
    }

    private void next() {
      position = 0;
      block = new byte[512];
      for (int i = 0; i < 21; i++) {
        base256(24 * i, offset);
        base256(24 * i + 12, 1);
        offset += 2;
      }
      block[504] = 1;
    }

    private void base256(int at, long number) {
      block[at] = (byte) 0x80;
      for (int i = 0; i < 8; i++) {
        block[at + 11 - i] = (byte) (number >>> (8 * i));
      }
    }
  }
}

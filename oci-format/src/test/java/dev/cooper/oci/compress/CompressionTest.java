package dev.cooper.oci.compress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.ContentException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.ValueSource;

class CompressionTest {
  static byte[] pack(Compression compression, CompressionParameters parameters, byte[] bytes)
      throws IOException {
    return pack(compression, parameters, bytes, Integer.MAX_VALUE);
  }

  private static byte[] pack(
      Compression compression, CompressionParameters parameters, byte[] bytes, int piece)
      throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (OutputStream out = compression.compress(packed, parameters)) {
      for (int i = 0; i < bytes.length; i += Math.min(piece, bytes.length - i)) {
        out.write(bytes, i, Math.min(piece, bytes.length - i));
        out.flush();
      }
    }
    return packed.toByteArray();
  }

  @ParameterizedTest
  @EnumSource(Compression.class)
  void decompressGivesWhatCompressTook(Compression compression) throws IOException {
    for (Map.Entry<String, byte[]> sample : Samples.all().entrySet()) {
      byte[] packed = pack(compression, CompressionParameters.DEFAULT, sample.getValue());
      try (InputStream in = compression.decompress(new ByteArrayInputStream(packed))) {
        assertThat(Arrays.equals(in.readAllBytes(), sample.getValue()))
            .as("%s of %s", compression, sample.getKey())
            .isTrue();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 6})
  void gzipOfManyZerosIsWhatEachBlockGivesByItself(int level) throws IOException {
    int block = DeflateBlock.SIZE;
    byte[] bytes = new byte[9 * block + 7];
    bytes[3 * block + 5] = 1;
    bytes[5 * block - 1] = 2;
    byte[] packed = pack(Compression.GZIP, new CompressionParameters(level, 1), bytes);
    assertThat(pack(Compression.GZIP, new CompressionParameters(level, 2), bytes, 4096))
        .isEqualTo(packed);
    try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(packed), 1 << 16)) {
      assertThat(in.readAllBytes()).isEqualTo(bytes);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 6, 9})
  void theJdkReadsGzipOfEachLevelAsOneMember(int level) throws IOException {
    for (Map.Entry<String, byte[]> sample : Samples.all().entrySet()) {
      byte[] packed =
          pack(Compression.GZIP, new CompressionParameters(level, 0), sample.getValue());
      try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(packed), 1 << 16)) {
        assertThat(Arrays.equals(in.readAllBytes(), sample.getValue()))
            .as("level %d of %s", level, sample.getKey())
            .isTrue();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(value = Compression.class, names = "NONE", mode = Mode.EXCLUDE)
  void bytesDependNeitherOnThreadsNorOnHowTheInputIsCut(Compression compression)
      throws IOException {
    byte[] sample = Samples.text(1_700_000);
    byte[] once = pack(compression, new CompressionParameters(0, 1), sample);
    for (int threads : new int[] {1, 2, 3, 7}) {
      byte[] again = pack(compression, new CompressionParameters(0, threads), sample, 99_999);
      assertThat(Arrays.equals(again, once)).as("%d threads", threads).isTrue();
    }
  }

  @Test
  void gzipHeaderHoldsNoTimeAndNoName() throws IOException {
    byte[] packed = pack(Compression.GZIP, CompressionParameters.DEFAULT, new byte[10]);
    assertThat(Arrays.copyOf(packed, 10)).containsExactly(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);
  }

  @Test
  void gzipOfRandomBytesHardlyGrows() throws IOException {
    byte[] sample = Samples.random(4_000_000);
    byte[] packed = pack(Compression.GZIP, CompressionParameters.DEFAULT, sample);
    assertThat(packed.length).isLessThan(sample.length + sample.length / 1000);
  }

  @Test
  void detectTellsThemByTheirMagicNumbers() throws IOException {
    for (Compression compression : Compression.values()) {
      byte[] packed = pack(compression, CompressionParameters.DEFAULT, new byte[1000]);
      assertThat(Compression.detect(packed, packed.length)).isEqualTo(compression);
    }
    byte[] skippable = {0x5f, 0x2a, 0x4d, 0x18};
    assertThat(Compression.detect(skippable, 4)).isEqualTo(Compression.ZSTD);
    assertThat(Compression.detect(skippable, 3)).isEqualTo(Compression.NONE);
    assertThat(Compression.detect(new byte[] {0x1f}, 1)).isEqualTo(Compression.NONE);
    assertThat(Compression.detect(new byte[0], 0)).isEqualTo(Compression.NONE);
  }

  @Test
  void compressWhenTheLevelIsTooHighThrows() {
    assertThatThrownBy(
            () ->
                Compression.GZIP.compress(
                    new ByteArrayOutputStream(), new CompressionParameters(10, 0)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new CompressionParameters(23, 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new CompressionParameters(0, -1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @EnumSource(Compression.class)
  void writeWhenTheStreamBelowFailsThrowsAndCloseStillClosesIt(Compression compression)
      throws IOException {
    boolean[] closed = new boolean[1];
    OutputStream full =
        new OutputStream() {
          @Override
          public void write(int octet) throws IOException {
            throw new IOException("disk full");
          }

          @Override
          public void close() {
            closed[0] = true;
          }
        };
    OutputStream out = compression.compress(full);
    byte[] random = Samples.random(1_000_000);
    assertThatThrownBy(
            () -> {
              try (out) {
                for (int i = 0; i < 10; i++) {
                  out.write(random, 0, random.length);
                }
              }
            })
        .isInstanceOf(IOException.class)
        .hasMessageContaining("disk full");
    assertThat(closed[0]).isTrue();
  }

  /** As when a disk is full for a moment: what has a gap must not get a trailer. */
  @Test
  void closeAfterAFailedWriteDoesNotMakeTheStreamLookWhole() {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    int[] writes = new int[1];
    OutputStream flaky =
        new OutputStream() {
          @Override
          public void write(int octet) {
            packed.write(octet);
          }

          @Override
          public void write(byte[] source, int offset, int length) throws IOException {
            if (++writes[0] == 2) {
              throw new IOException("disk full");
            }
            packed.write(source, offset, length);
          }
        };
    byte[] random = Samples.random(8_000_000);
    assertThatThrownBy(
            () -> {
              try (OutputStream out = Compression.GZIP.compress(flaky)) {
                out.write(random, 0, random.length);
              }
            })
        .hasMessageContaining("disk full");
    assertThatThrownBy(
            () ->
                Compression.GZIP
                    .decompress(new ByteArrayInputStream(packed.toByteArray()))
                    .readAllBytes())
        .isInstanceOf(ContentException.class);
  }

  @Test
  void writeWhenInterruptedThrowsAndKeepsTheInterrupt() throws IOException {
    OutputStream out = Compression.GZIP.compress(new ByteArrayOutputStream());
    byte[] random = Samples.random(8_000_000);
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> out.write(random, 0, random.length))
        .isInstanceOf(InterruptedIOException.class);
    assertThat(Thread.interrupted()).isTrue();
    out.close();
  }

  /** So that a JVM can end, and an application server can let go of a class loader. */
  @Test
  void workersAreDaemonsAndEndWhenIdle() throws Exception {
    pack(Compression.GZIP, CompressionParameters.DEFAULT, Samples.random(1_000_000));
    assertThat(workers()).isNotEmpty().allMatch(Thread::isDaemon);
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!workers().isEmpty() && System.nanoTime() < deadline) {
      TimeUnit.MILLISECONDS.sleep(100);
    }
    assertThat(workers()).isEmpty();
  }

  /** Others of the same JVM may have threads of other names. */
  private static List<Thread> workers() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().matches("cooper-(read|compute)-.*"))
        .toList();
  }
}

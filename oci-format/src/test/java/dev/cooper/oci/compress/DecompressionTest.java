package dev.cooper.oci.compress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.ContentException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.CRC32;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

@Timeout(60)
class DecompressionTest {
  private static final byte[] SAMPLE = Samples.text(900_000);

  private static byte[] unpack(byte[] packed) throws IOException {
    try (InputStream in = Decompression.open(new ByteArrayInputStream(packed))) {
      return in.readAllBytes();
    }
  }

  private interface Packer {
    OutputStream over(OutputStream out) throws IOException;
  }

  private static byte[] pack(Packer packer) throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (OutputStream out = packer.over(packed)) {
      out.write(SAMPLE);
    }
    return packed.toByteArray();
  }

  private static Map<String, byte[]> packed() throws IOException {
    Map<String, byte[]> packed = new LinkedHashMap<>();
    packed.put("gzip", pack(GZIPOutputStream::new));
    packed.put("zstd", pack(Compression.ZSTD::compress));
    packed.put("bzip2", pack(BZip2CompressorOutputStream::new));
    packed.put("xz", pack(out -> new XZOutputStream(out, new LZMA2Options(1))));
    return packed;
  }

  private static byte[] joined(byte[] first, byte[] second) {
    byte[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }

  private static void assertIs(String format, byte[] found, byte[] expected) {
    assertThat(Arrays.equals(found, expected)).as(format).isTrue();
  }

  @Test
  void openUnpacksWhateverItBeginsWith() throws IOException {
    for (Map.Entry<String, byte[]> each : packed().entrySet()) {
      assertIs(each.getKey(), unpack(each.getValue()), SAMPLE);
    }
    assertIs("none", unpack(SAMPLE), SAMPLE);
    assertThat(unpack(new byte[0])).isEmpty();
    assertThat(unpack(new byte[] {'B', 'Z'})).containsExactly('B', 'Z');
  }

  @Test
  void openUnpacksMembersOneAfterTheOther() throws IOException {
    for (Map.Entry<String, byte[]> each : packed().entrySet()) {
      byte[] both = joined(each.getValue(), each.getValue());
      assertIs(each.getKey(), unpack(both), joined(SAMPLE, SAMPLE));
    }
  }

  @Test
  void readWhenGarbageFollowsThrows() throws IOException {
    for (Map.Entry<String, byte[]> each : packed().entrySet()) {
      for (byte[] garbage :
          new byte[][] {"garbage!".getBytes(StandardCharsets.US_ASCII), new byte[1], new byte[9]}) {
        assertThatThrownBy(() -> unpack(joined(each.getValue(), garbage)))
            .as("%s and %d bytes", each.getKey(), garbage.length)
            .isInstanceOf(ContentException.class);
      }
    }
  }

  @Test
  void readWhenTruncatedThrows() throws IOException {
    for (Map.Entry<String, byte[]> each : packed().entrySet()) {
      byte[] whole = each.getValue();
      for (int length :
          new int[] {7, 11, 100, whole.length / 2, whole.length - 5, whole.length - 1}) {
        assertThatThrownBy(() -> unpack(Arrays.copyOf(whole, length)))
            .as("%s of %d bytes", each.getKey(), length)
            .isInstanceOf(ContentException.class);
      }
    }
  }

  @Test
  void readWhenABitIsFlippedThrows() throws IOException {
    byte[] gzip = pack(GZIPOutputStream::new);
    for (int at : new int[] {2, 3, 40, gzip.length / 2, gzip.length - 6, gzip.length - 2}) {
      byte[] flipped = gzip.clone();
      flipped[at] ^= (byte) 0xa0;
      assertThatThrownBy(() -> unpack(flipped))
          .as("at %d", at)
          .isInstanceOf(ContentException.class);
    }
  }

  @Test
  void gzipHeaderMayHoldEveryOptionalField() throws IOException {
    byte[] plain = pack(GZIPOutputStream::new);
    byte[] head = {0x1f, (byte) 0x8b, 8, 0x1c, 1, 2, 3, 4, 0, 3, 2, 0, 'x', 'y', 'n', 0, 'c', 0};
    assertIs("gzip", unpack(joined(head, Arrays.copyOfRange(plain, 10, plain.length))), SAMPLE);
  }

  @Test
  void aZstdWindowOverTheLimitIsRefused() {
    byte[] frame = {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd, 0, (byte) (20 << 3), 1, 0, 0};
    assertThatThrownBy(() -> unpack(frame)).isInstanceOf(ContentException.class);
  }

  /** The block header's fifth byte is the dictionary's size, and its last four are its CRC. */
  @Test
  void anXzDictionaryOverTheLimitIsRefused() throws IOException {
    byte[] xz = pack(out -> new XZOutputStream(out, new LZMA2Options(1)));
    xz[16] = 32;
    int headerLength = (xz[12] + 1) * 4;
    CRC32 crc = new CRC32();
    crc.update(xz, 12, headerLength - 4);
    for (int i = 0; i < 4; i++) {
      xz[12 + headerLength - 4 + i] = (byte) (crc.getValue() >>> (8 * i));
    }
    assertThatThrownBy(() -> unpack(xz))
        .isInstanceOf(ContentException.class)
        .hasMessageContaining("memory");
  }

  @Test
  void readWhenTheSourceFailsThrowsItsOwnException() throws IOException {
    for (Map.Entry<String, byte[]> each : packed().entrySet()) {
      InputStream half =
          new ByteArrayInputStream(Arrays.copyOf(each.getValue(), each.getValue().length / 2));
      InputStream reset =
          new InputStream() {
            @Override
            public int read() throws IOException {
              throw new IOException("connection reset");
            }

            @Override
            public int read(byte[] target, int offset, int length) throws IOException {
              throw new IOException("connection reset");
            }
          };
      assertThatThrownBy(
              () -> {
                try (InputStream in = Decompression.open(new SequenceInputStream(half, reset))) {
                  in.readAllBytes();
                }
              })
          .as(each.getKey())
          .isInstanceOf(IOException.class)
          .hasMessageContaining("connection reset");
    }
  }

  @Test
  void readGivesWhatCameBeforeAFailure() throws IOException {
    byte[] gzip = CompressionTest.pack(Compression.GZIP, CompressionParameters.DEFAULT, SAMPLE);
    try (InputStream in =
        Decompression.open(new ByteArrayInputStream(Arrays.copyOf(gzip, gzip.length - 8)))) {
      assertIs("gzip", in.readNBytes(SAMPLE.length), SAMPLE);
      assertThatThrownBy(in::read).isInstanceOf(ContentException.class);
      assertThatThrownBy(in::read).isInstanceOf(ContentException.class);
    }
  }

  @Test
  void closeWhenNotReadToTheEndClosesTheSourceOnceAndEndsTheThread() throws IOException {
    AtomicInteger closes = new AtomicInteger();
    byte[] gzip = CompressionTest.pack(Compression.GZIP, CompressionParameters.DEFAULT, SAMPLE);
    InputStream source =
        new ByteArrayInputStream(joined(gzip, joined(gzip, gzip))) {
          @Override
          public void close() {
            closes.incrementAndGet();
          }
        };
    InputStream in = Decompression.open(source);
    assertThat(in.readNBytes(700_000)).hasSize(700_000);
    in.close();
    assertThat(closes.get()).isPositive();
    assertThatThrownBy(in::read).isInstanceOf(IOException.class);
  }

  /** A consumer that gives up while the network stalls gets out. */
  @Test
  void closeWhenTheSourceStallsReturns() throws IOException {
    byte[] gzip = CompressionTest.pack(Compression.GZIP, CompressionParameters.DEFAULT, SAMPLE);
    try (PipedOutputStream stalled = new PipedOutputStream()) {
      PipedInputStream pipe = new PipedInputStream(stalled, 1 << 20);
      stalled.write(gzip, 0, gzip.length / 2);
      InputStream in = Decompression.open(pipe);
      assertThat(in.readNBytes(350_000)).hasSize(350_000);
      in.close();
    }
  }
}

package dev.cooper.oci.compress;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.junit.jupiter.api.Test;

/** Whatever goes in, zlib gets it out again. */
class DeflateEncoderTest {
  private static final int WINDOW = 32 * 1024;

  private final DeflateEncoder encoder = new DeflateEncoder();
  private final BitOutput output = new BitOutput(16);

  private void assertRoundTrip(String what, byte[] bytes) throws DataFormatException {
    assertRoundTrip(what, bytes, 0);
  }

  /** With what comes before {@code start} as the window. */
  private void assertRoundTrip(String what, byte[] bytes, int start) throws DataFormatException {
    int window = Math.max(0, start - WINDOW);
    output.reset();
    encoder.begin(bytes, window);
    encoder.pass(window, start);
    encoder.encode(start, bytes.length, output);
    output.storedHeader(true, 0);
    byte[] found = new byte[bytes.length - start];
    Inflater inflater = new Inflater(true);
    try {
      inflater.setInput(output.bytes(), 0, output.size());
      if (start > 0) {
        inflater.setDictionary(bytes, window, start - window);
      }
      int n = 0;
      while (!inflater.finished() && n < found.length) {
        n += inflater.inflate(found, n, found.length - n);
      }
      assertThat(inflater.inflate(new byte[1])).as(what).isZero();
      assertThat(inflater.finished()).as(what).isTrue();
      assertThat(inflater.getRemaining()).as(what).isZero();
    } finally {
      inflater.end();
    }
    assertThat(Arrays.equals(found, 0, found.length, bytes, start, bytes.length)).as(what).isTrue();
  }

  @Test
  void encodeGivesWhatInflaterReads() throws DataFormatException {
    for (Map.Entry<String, byte[]> sample : Samples.all().entrySet()) {
      byte[] bytes = sample.getValue();
      assertRoundTrip(sample.getKey(), bytes);
      assertRoundTrip(sample.getKey() + " with a window", bytes, bytes.length / 3);
    }
  }

  @Test
  void encodeWhenInputIsShortGivesWhatInflaterReads() throws DataFormatException {
    byte[] text = Samples.text(2000);
    byte[] random = Samples.random(2000);
    for (int length = 0; length < 700; length++) {
      assertRoundTrip("text of " + length, Arrays.copyOf(text, length));
      assertRoundTrip("random of " + length, Arrays.copyOf(random, length));
      assertRoundTrip("zeros of " + length, new byte[length]);
    }
  }

  /** Random copies of what came before, of every length and distance, with random bytes between. */
  @Test
  void encodeWhenMatchesAreOfEveryShapeGivesWhatInflaterReads() throws DataFormatException {
    Random random = new Random(11);
    for (int round = 0; round < 60; round++) {
      byte[] bytes = new byte[1 + random.nextInt(150_000)];
      int alphabet = 1 + random.nextInt(256);
      for (int at = 0; at < bytes.length; ) {
        int length = Math.min(bytes.length - at, 1 + random.nextInt(1 << random.nextInt(11)));
        int distance = 1 + random.nextInt(1 << random.nextInt(17));
        for (int i = 0; i < length; i++, at++) {
          bytes[at] =
              distance <= at && round % 3 != at % 4
                  ? bytes[at - distance]
                  : (byte) random.nextInt(alphabet);
        }
      }
      assertRoundTrip("round " + round, bytes, random.nextInt(bytes.length));
    }
  }

  /** Fibonacci's numbers as frequencies want codes of more than the 15 bits that there are. */
  @Test
  void encodeWhenCodesWouldBeTooLongGivesWhatInflaterReads() throws DataFormatException {
    byte[] bytes = new byte[400_000];
    int before = 1;
    int count = 1;
    int at = 0;
    for (int symbol = 0; at < bytes.length; symbol++) {
      for (int i = 0; i < count && at < bytes.length; i++) {
        bytes[at++] = (byte) (symbol * 7);
      }
      int next = before + count;
      before = count;
      count = next;
    }
    Random random = new Random(4);
    for (int i = bytes.length - 1; i > 0; i--) {
      int other = random.nextInt(i + 1);
      byte swapped = bytes[i];
      bytes[i] = bytes[other];
      bytes[other] = swapped;
    }
    assertRoundTrip("fibonacci", bytes);
  }

  @Test
  void codesOfExtremeFrequenciesAreComplete() {
    Random random = new Random(8);
    for (int round = 0; round < 300; round++) {
      HuffmanCode code = new HuffmanCode(1 + 1 + random.nextInt(285), 9);
      for (int i = 0; i < code.frequencies.length; i++) {
        code.frequencies[i] = random.nextInt(3) == 0 ? 0 : 1 << random.nextInt(20);
      }
      code.build();
      int kraft = 0;
      for (byte length : code.lengths) {
        kraft += length == 0 ? 0 : 1 << (9 - length);
      }
      assertThat(kraft).as("round %d", round).isEqualTo(1 << 9);
    }
  }

  @Test
  void sizeIsAboutThatOfZlib() {
    byte[] text = Samples.text(256 * 1024);
    BitOutput zlib = new BitOutput(16);
    ZlibPacker packer = new ZlibPacker(4);
    packer.begin(text, 0);
    packer.encode(0, text.length, zlib);
    packer.release();
    output.reset();
    encoder.begin(text, 0);
    encoder.encode(0, text.length, output);
    assertThat(output.size()).isLessThan(zlib.size() * 105 / 100);
  }
}

package dev.cooper.oci.compress;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/** Inputs that a compressor meets, the same ones every time. */
final class Samples {
  private Samples() {}

  static Map<String, byte[]> all() {
    Map<String, byte[]> all = new LinkedHashMap<>();
    all.put("nothing", new byte[0]);
    all.put("one byte", new byte[] {7});
    all.put("zeros", new byte[3_000_000]);
    all.put("random", random(1_500_000));
    all.put("text", text(2_000_000));
    all.put("a block", text(512 * 1024));
    all.put("a block and a byte", text(512 * 1024 + 1));
    all.put("mixed", mixed());
    all.put("a long period", period(40_000));
    all.put("the window's period", period(32_768));
    all.put("two symbols", symbols(2));
    all.put("skewed symbols", skewed());
    return all;
  }

  static byte[] random(int length) {
    byte[] bytes = new byte[length];
    new Random(3).nextBytes(bytes);
    return bytes;
  }

  /** Words of a skewed frequency. */
  static byte[] text(int length) {
    Random random = new Random(5);
    String[] words = new String[2000];
    for (int i = 0; i < words.length; i++) {
      StringBuilder word = new StringBuilder();
      for (int j = 2 + random.nextInt(8); j > 0; j--) {
        word.append((char) ('a' + (int) (26 * Math.pow(random.nextDouble(), 2))));
      }
      words[i] = word.append(random.nextInt(12) == 0 ? '\n' : ' ').toString();
    }
    StringBuilder text = new StringBuilder(length + 16);
    while (text.length() < length) {
      text.append(words[(int) (words.length * Math.pow(random.nextDouble(), 3))]);
    }
    return text.substring(0, length).getBytes(ISO_8859_1);
  }

  private static byte[] mixed() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int i = 1; i < 12; i++) {
      out.writeBytes(text(i * 11_111));
      out.writeBytes(random(i * 9_999));
      out.writeBytes(new byte[i * 7_777]);
    }
    return out.toByteArray();
  }

  private static byte[] period(int length) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    byte[] once = random(length);
    for (int i = 0; i < 20; i++) {
      out.writeBytes(once);
    }
    return out.toByteArray();
  }

  private static byte[] symbols(int count) {
    byte[] bytes = random(600_000);
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) Math.floorMod(bytes[i], count);
    }
    return bytes;
  }

  /** Frequencies that halve from symbol to symbol: the deepest code that a tree can want. */
  private static byte[] skewed() {
    Random random = new Random(9);
    byte[] bytes = new byte[1_000_000];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) Long.numberOfTrailingZeros(random.nextLong());
    }
    return bytes;
  }
}

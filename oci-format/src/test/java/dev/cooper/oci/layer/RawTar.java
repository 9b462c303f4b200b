package dev.cooper.oci.layer;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.cooper.oci.ByteString;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Makes archives by hand, byte for byte: also those that no honest tool writes. */
final class RawTar {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /** A header block of the fields given, with its checksum. */
  static byte[] block(String name, char type, long size, Consumer<byte[]> change) {
    byte[] block = new byte[512];
    put(block, 0, name);
    put(block, 100, "0000644\0");
    put(block, 108, "0000000\0");
    put(block, 116, "0000000\0");
    put(block, 124, String.format("%011o\0", size));
    put(block, 136, "00000000000\0");
    block[156] = (byte) type;
    put(block, 257, "ustar\00000");
    change.accept(block);
    put(block, 148, "        ");
    int sum = 0;
    for (byte b : block) {
      sum += b & 0xff;
    }
    put(block, 148, String.format("%06o\0 ", sum));
    return block;
  }

  static void put(byte[] block, int at, String text) {
    byte[] bytes = text.getBytes(ISO_8859_1);
    System.arraycopy(bytes, 0, block, at, bytes.length);
  }

  /** One PAX record with its length before it. */
  static String record(String key, String value) {
    int rest = key.length() + value.length() + 3;
    int length = rest + 1;
    while (length != rest + Integer.toString(length).length()) {
      length++;
    }
    return length + " " + key + "=" + value + "\n";
  }

  RawTar header(String name, char type, long size) {
    return header(name, type, size, block -> {});
  }

  RawTar header(String name, char type, long size, Consumer<byte[]> change) {
    out.writeBytes(block(name, type, size, change));
    return this;
  }

  RawTar data(String content) {
    byte[] bytes = content.getBytes(ISO_8859_1);
    out.writeBytes(bytes);
    out.writeBytes(new byte[-bytes.length & 511]);
    return this;
  }

  RawTar file(String name, String content) {
    return header(name, '0', content.length()).data(content);
  }

  RawTar extension(char type, String body) {
    return header("extension", type, body.length()).data(body);
  }

  RawTar pax(String key, String value) {
    return extension('x', record(key, value));
  }

  RawTar end() {
    out.writeBytes(new byte[1024]);
    return this;
  }

  byte[] bytes() {
    return out.toByteArray();
  }

  TarReader reader() {
    return TarReader.over(new ByteArrayInputStream(bytes()));
  }

  /** All entries of this archive with its end, each with its content. */
  List<Read> read() throws IOException {
    return end().readAsIs();
  }

  List<Read> readAsIs() throws IOException {
    return readAll(reader());
  }

  static List<Read> readAll(TarReader reader) throws IOException {
    List<Read> all = new ArrayList<>();
    try (reader) {
      for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
        all.add(new Read(entry, ByteString.of(reader.content().readAllBytes())));
      }
      reader.drain();
    }
    return all;
  }

  /** An entry and what was in it. */
  record Read(TarEntry entry, ByteString content) {
    String path() {
      return entry.path().latin1();
    }
  }
}

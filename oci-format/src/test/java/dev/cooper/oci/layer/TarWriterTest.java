package dev.cooper.oci.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.ByteString;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TarWriterTest {
  private static byte[] write(TarEntry... entries) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (TarWriter writer = new TarWriter(out)) {
      for (TarEntry entry : entries) {
        writer.put(entry);
      }
      writer.finish();
    }
    return out.toByteArray();
  }

  private static TarEntry named(String name) {
    return TarEntry.file(new ByteString(name), 0644, 0);
  }

  private static void assertRoundTrip(int blocks, TarEntry entry) throws IOException {
    byte[] tar = write(entry);
    assertThat(tar.length / 512).as("blocks of %s", entry).isEqualTo(blocks + 2);
    TarReader reader = TarReader.over(new ByteArrayInputStream(tar));
    assertThat(reader.next()).isEqualTo(entry);
    assertThat(reader.next()).isNull();
  }

  @Test
  void putWhenUstarHoldsItAllWritesNoPax() throws IOException {
    assertRoundTrip(1, named("f").withOwner(07777777, 07777777).withMode(07777));
    assertRoundTrip(1, named("f").withMtime(077777777777L, 0));
    assertRoundTrip(1, named("n".repeat(100)));
    assertRoundTrip(1, named("p".repeat(155) + "/" + "n".repeat(100)));
    assertRoundTrip(1, TarEntry.directory(new ByteString("d".repeat(99)), 0755));
    assertRoundTrip(1, TarEntry.symlink(new ByteString("s"), new ByteString("t".repeat(100))));
    assertRoundTrip(1, TarEntry.hardlink(new ByteString("h"), new ByteString("f")));
    assertRoundTrip(1, TarEntry.fifo(new ByteString("p"), 0600));
    assertRoundTrip(
        1, TarEntry.device(new ByteString("c"), EntryType.CHAR_DEVICE, 0666, 4095, 1048575));
    assertRoundTrip(1, TarEntry.device(new ByteString("b"), EntryType.BLOCK_DEVICE, 0660, 8, 1));
    assertRoundTrip(1, TarEntry.whiteout(new ByteString("d/f")));
    assertRoundTrip(1, TarEntry.opaque(new ByteString("d")));
  }

  @Test
  void putWhenUstarCannotHoldItWritesPaxRecords() throws IOException {
    assertRoundTrip(3, named("n".repeat(101)));
    assertRoundTrip(3, named("p".repeat(156) + "/" + "n".repeat(100)));
    assertRoundTrip(3, TarEntry.directory(new ByteString("d".repeat(100)), 0755));
    assertRoundTrip(3, named("\u00ff\u00fe not UTF-8"));
    assertRoundTrip(3, named("line\u00c3\u00a9\nfeed=1"));
    assertRoundTrip(3, named("f").withOwner(010000000, 0));
    assertRoundTrip(3, named("f").withOwner(0, Long.MAX_VALUE));
    assertRoundTrip(3, named("f").withMtime(1, 1));
    assertRoundTrip(3, named("f").withMtime(-1, 0));
    assertRoundTrip(3, named("f").withMtime(-1, 500_000_000));
    assertRoundTrip(3, named("f").withMtime(-2, 1));
    assertRoundTrip(3, named("f").withMtime(0100000000000L, 999_999_999));
    assertRoundTrip(3, TarEntry.symlink(new ByteString("s"), new ByteString("t".repeat(101))));
    assertRoundTrip(3, TarEntry.symlink(new ByteString("s"), new ByteString("\u00ff")));
  }

  /** security.capability as the kernel keeps it, with the bytes that text readers lose. */
  @Test
  void putWhenXattrValueIsBinaryKeepsItsBytes() throws IOException {
    ByteString value = new ByteString("\u0001\0\0\u0002\u0000\u0080\n\0\0\u00ff=\r");
    assertRoundTrip(
        3,
        named("f")
            .withXattrs(
                Map.of(
                    new ByteString("security.capability"),
                    value,
                    new ByteString("user.a=b%3D"),
                    ByteString.EMPTY)));
  }

  @Test
  void putWhenRecordLengthGainsADigitCountsIt() throws IOException {
    for (int length = 80; length < 1010; length++) {
      TarEntry entry =
          TarEntry.symlink(new ByteString("s"), new ByteString("\u00ff".repeat(length)));
      assertThat(TarReader.over(new ByteArrayInputStream(write(entry))).next()).isEqualTo(entry);
    }
  }

  @Test
  void beginWhenSizeIsBeyondOctalWritesItAsPax() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    TarWriter writer = new TarWriter(out);
    writer.begin(named("f").withSize(1L << 33));
    writer.write(new byte[200_000], 0, 200_000);
    TarEntry entry = TarReader.over(new ByteArrayInputStream(out.toByteArray())).next();
    assertThat(entry).isEqualTo(named("f").withSize(1L << 33));
  }

  @Test
  void putWhenDirectoryIsTheRootNamesItByADot() throws IOException {
    byte[] tar = write(TarEntry.directory(ByteString.EMPTY, 0755));
    assertThat(ByteString.of(tar, 0, 3)).isEqualTo(new ByteString("./\0"));
  }

  @Test
  void putWhenNameIsEmptyOrEndsInASlashThrows() {
    for (String name : List.of("", "f/")) {
      assertThatThrownBy(() -> write(named(name))).isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void headerHoldsNothingOfThisMachine() throws IOException {
    byte[] tar = write(named("f").withMtime(8, 0));
    String expected =
        "f"
            + "\0".repeat(99)
            + "0000644\0"
            + "0000000\0".repeat(2)
            + "00000000000\0"
            + "00000000010\0"
            + "007344\0 "
            + "0"
            + "\0".repeat(100)
            + "ustar\00000"
            + "\0".repeat(64)
            + "0000000\0".repeat(2)
            + "\0".repeat(167)
            + "\0".repeat(1024);
    assertThat(ByteString.of(tar).latin1()).isEqualTo(expected);
  }

  @Test
  void writeWhenContentIsNotOfItsSizeThrows() throws IOException {
    TarWriter writer = new TarWriter(new ByteArrayOutputStream());
    TarEntry entry = named("f").withSize(2);
    writer.begin(entry);
    assertThatThrownBy(writer::end).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(writer::finish).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> writer.begin(entry)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> writer.write(new byte[3], 0, 3))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("f");
    for (int size : new int[] {0, 1, 3, 300_000}) {
      assertThatThrownBy(
              () ->
                  new TarWriter(new ByteArrayOutputStream())
                      .put(entry, new ByteArrayInputStream(new byte[size])))
          .isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void closeWhenNotFinishedWritesNoEndMarker() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    TarWriter writer = new TarWriter(out);
    writer.put(named("f"));
    writer.close();
    assertThat(out.size()).isLessThan(1024);
  }
}

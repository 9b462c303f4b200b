package dev.cooper.oci.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.ByteString;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TarReaderTest {
  private static TarEntry only(RawTar tar) throws IOException {
    List<RawTar.Read> all = tar.read();
    assertThat(all).hasSize(1);
    return all.get(0).entry();
  }

  @Test
  void beginsGoesByTheChecksumAndByNoMagic() throws IOException {
    byte[] v7 =
        new RawTar()
            .header("name", '0', 0, block -> Arrays.fill(block, 257, 265, (byte) 0))
            .bytes();
    assertThat(TarReader.begins(v7)).isTrue();
    byte[] changed = v7.clone();
    changed[0]++;
    assertThat(TarReader.begins(changed)).isFalse();
    assertThat(TarReader.begins(new byte[TarReader.BLOCK])).isFalse();
    assertThat(TarReader.begins(new byte[0])).isFalse();
    assertThat(TarReader.begins(Arrays.copyOf(v7, TarReader.BLOCK - 1))).isFalse();
    byte[] text = "this is no tar ".repeat(40).getBytes(StandardCharsets.US_ASCII);
    assertThat(TarReader.begins(Arrays.copyOf(text, TarReader.BLOCK))).isFalse();
  }

  @Test
  void nextWhenHeaderIsUstarTakesEveryField() throws IOException {
    TarEntry entry =
        only(
            new RawTar()
                .header(
                    "name",
                    '3',
                    0,
                    block -> {
                      RawTar.put(block, 100, "0107755\0");
                      RawTar.put(block, 108, "0001750\0");
                      RawTar.put(block, 116, " 1751 \0");
                      RawTar.put(block, 136, "00000000017\0");
                      RawTar.put(block, 329, "0000005\0");
                      RawTar.put(block, 337, "0000006\0");
                      RawTar.put(block, 345, "prefix/dir");
                    }));
    assertThat(entry)
        .isEqualTo(
            TarEntry.device(new ByteString("prefix/dir/name"), EntryType.CHAR_DEVICE, 07755, 5, 6)
                .withOwner(1000, 1001)
                .withMtime(15, 0));
  }

  @ParameterizedTest
  @CsvSource({
    "0,f,FILE,f", "7,f,FILE,f", "0,d/,DIRECTORY,d", "5,d,DIRECTORY,d", "5,d//,DIRECTORY,d",
    "1,h,HARDLINK,h", "2,s,SYMLINK,s", "3,c,CHAR_DEVICE,c", "4,b,BLOCK_DEVICE,b", "6,p,FIFO,p",
    "5,./,DIRECTORY,.", "5,/,DIRECTORY,''"
  })
  void nextMapsTypesAndDropsADirectorysSlashes(char flag, String raw, EntryType type, String path)
      throws IOException {
    TarEntry entry = only(new RawTar().header(raw, flag, 0));
    assertThat(entry.type()).isEqualTo(type);
    assertThat(entry.path()).isEqualTo(new ByteString(path));
  }

  @Test
  void nextWhenHeaderIsOfVersion7TakesNoPrefixAndTellsDirectoriesByTheirSlash() throws IOException {
    RawTar tar = new RawTar();
    for (String name : List.of("d/", "d/f")) {
      tar.header(
          name,
          '\0',
          0,
          block -> {
            RawTar.put(block, 257, "\0\0\0\0\0\0\0\0");
            RawTar.put(block, 345, "junk");
          });
    }
    assertThat(tar.read())
        .extracting(read -> read.entry().type() + " " + read.path())
        .containsExactly("DIRECTORY d", "FILE d/f");
  }

  @Test
  void nextWhenNumbersAreBase256TakesThem() throws IOException {
    TarEntry entry =
        only(
            new RawTar()
                .header(
                    "f",
                    '0',
                    0,
                    block -> {
                      RawTar.put(block, 108, "\u0080\0\0\0\u00ff\u00ff\u00ff\u00ff");
                      RawTar.put(
                          block,
                          136,
                          "\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00fe");
                    }));
    assertThat(entry.uid()).isEqualTo(0xffffffffL);
    assertThat(entry.mtimeSeconds()).isEqualTo(-2);
  }

  @Test
  void nextWhenChecksumIsOfSignedBytesTakesIt() throws IOException {
    byte[] block = RawTar.block("\u00e9", '0', 0, b -> {});
    int signed = 8 * ' ';
    for (int i = 0; i < 512; i++) {
      signed += i >= 148 && i < 156 ? 0 : block[i];
    }
    RawTar.put(block, 148, String.format("%06o\0 ", signed));
    TarReader reader = TarReader.over(new ByteArrayInputStream(block));
    assertThat(reader.next()).isNotNull();
  }

  @Test
  void nextWhenPaxRecordsComeFirstTakesThemForOneEntry() throws IOException {
    String records =
        RawTar.record("path", "long \u00ff\nname")
            + RawTar.record("uid", "4294967294")
            + RawTar.record("gid", "2097152")
            + RawTar.record("mtime", "1700000000.123456789123")
            + RawTar.record("size", "5")
            + RawTar.record("comment", "x")
            + RawTar.record("SCHILY.xattr.security.capability", "\u0080\n\0=\u00ff")
            + RawTar.record("SCHILY.xattr.user.a%3Db%25", "");
    List<RawTar.Read> all =
        new RawTar().extension('x', records).header("f", '0', 0).data("12345").file("g", "").read();
    TarEntry entry = all.get(0).entry();
    assertThat(all.get(0).content()).isEqualTo(new ByteString("12345"));
    assertThat(entry.path()).isEqualTo(new ByteString("long \u00ff\nname"));
    assertThat(entry.uid()).isEqualTo(4294967294L);
    assertThat(entry.gid()).isEqualTo(2097152);
    assertThat(entry.mtimeSeconds()).isEqualTo(1700000000);
    assertThat(entry.mtimeNanos()).isEqualTo(123456789);
    assertThat(entry.xattrs())
        .containsEntry(new ByteString("security.capability"), new ByteString("\u0080\n\0=\u00ff"))
        .containsEntry(new ByteString("user.a=b%"), ByteString.EMPTY);
    assertThat(all.get(1).entry()).isEqualTo(TarEntry.file(new ByteString("g"), 0644, 0));
  }

  @ParameterizedTest
  @CsvSource({
    "-1,-1,0",
    "-0.5,-1,500000000",
    "-1.25,-2,750000000",
    "0.000000001,0,1",
    "1.,1,0",
    "7.5,7,500000000"
  })
  void nextTakesTimesWithFractions(String text, long seconds, int nanos) throws IOException {
    TarEntry entry = only(new RawTar().pax("mtime", text).file("f", ""));
    assertThat(entry.mtimeSeconds()).isEqualTo(seconds);
    assertThat(entry.mtimeNanos()).isEqualTo(nanos);
  }

  @Test
  void nextWhenAGlobalHeaderComesAppliesItsOwnerToAllThatSayNothing() throws IOException {
    List<RawTar.Read> all =
        new RawTar()
            .extension('g', RawTar.record("uid", "7") + RawTar.record("comment", "0123456789"))
            .file("a", "")
            .pax("uid", "8")
            .file("b", "")
            .read();
    assertThat(all).extracting(read -> read.entry().uid()).containsExactly(7L, 8L);
  }

  @Test
  void nextWhenNamesAreGnusLongOnesTakesThem() throws IOException {
    String name = "n".repeat(200) + "\u00ff";
    String link = "l".repeat(300);
    TarEntry entry =
        only(
            new RawTar()
                .extension('L', name + "\0")
                .extension('K', link + "\0")
                .header("nnn", '2', 0));
    assertThat(entry.path()).isEqualTo(new ByteString(name));
    assertThat(entry.link()).isEqualTo(new ByteString(link));
  }

  @Test
  void readWhenFileIsGnuSparseGivesZerosForHoles() throws IOException {
    RawTar tar =
        new RawTar()
            .header(
                "s",
                'S',
                6,
                block -> {
                  RawTar.put(block, 257, "ustar  \0");
                  segment(block, 386, 2, 3);
                  segment(block, 410, 8, 1);
                  segment(block, 434, 10, 0);
                  segment(block, 458, 10, 1);
                  block[482] = 1;
                  RawTar.put(block, 483, "00000000016\0");
                });
    byte[] extension = new byte[512];
    segment(extension, 0, 12, 1);
    List<RawTar.Read> all =
        tar.data(new String(extension, java.nio.charset.StandardCharsets.ISO_8859_1))
            .data("abcdef")
            .file("after", "x")
            .read();
    assertThat(all.get(0).content()).isEqualTo(new ByteString("\0\0abc\0\0\0d\0e\0f\0"));
    assertThat(all.get(0).entry().size()).isEqualTo(14);
    assertThat(all.get(1).path()).isEqualTo("after");
  }

  private static void segment(byte[] block, int at, long offset, long length) {
    RawTar.put(block, at, String.format("%011o\0%011o\0", offset, length));
  }

  @Test
  void readWhenFileIsPaxSparseGivesZerosForHoles() throws IOException {
    String zero =
        RawTar.record("GNU.sparse.size", "8")
            + RawTar.record("GNU.sparse.numblocks", "2")
            + RawTar.record("GNU.sparse.offset", "1")
            + RawTar.record("GNU.sparse.numbytes", "2")
            + RawTar.record("GNU.sparse.offset", "5")
            + RawTar.record("GNU.sparse.numbytes", "1");
    String one =
        RawTar.record("GNU.sparse.size", "8")
            + RawTar.record("GNU.sparse.name", "real")
            + RawTar.record("GNU.sparse.map", "1,2,5,1");
    String two =
        RawTar.record("GNU.sparse.major", "1")
            + RawTar.record("GNU.sparse.minor", "0")
            + RawTar.record("GNU.sparse.realsize", "8")
            + RawTar.record("GNU.sparse.name", "real");
    List<RawTar.Read> all =
        new RawTar()
            .extension('x', zero)
            .file("real", "abc")
            .extension('x', one)
            .file("made up", "abc")
            .extension('x', two)
            .header("made up", '0', 515)
            .data("2\n1\n2\n5\n1\n")
            .data("abc")
            .read();
    assertThat(all).extracting(RawTar.Read::path).containsExactly("real", "real", "real");
    assertThat(all).extracting(RawTar.Read::content).containsOnly(new ByteString("\0ab\0\0c\0\0"));
  }

  @Test
  void contentOffsetSaysWhereTheBytesLie() throws IOException {
    byte[] tar = new RawTar().file("a", "12").file("b", "345").end().bytes();
    TarReader reader = TarReader.over(new ByteArrayInputStream(tar));
    reader.next();
    assertThat(reader.contentOffset()).isEqualTo(512);
    reader.next();
    assertThat(reader.contentOffset()).isEqualTo(1536);
    assertThat(ByteString.of(tar, 1536, 3)).isEqualTo(new ByteString("345"));
  }

  @Test
  void nextWhenContentWasReadInPartGoesToTheNextEntry() throws IOException {
    String large = "0123456789abcdef".repeat(20_000);
    TarReader reader = new RawTar().file("a", large).file("b", "x").end().reader();
    reader.next();
    byte[] some = new byte[100_000];
    assertThat(reader.content().readNBytes(some, 0, some.length)).isEqualTo(some.length);
    assertThat(ByteString.of(some)).isEqualTo(new ByteString(large.substring(0, some.length)));
    assertThat(reader.next()).isEqualTo(TarEntry.file(new ByteString("b"), 0644, 1));
    assertThat(reader.content().read()).isEqualTo('x');
    assertThat(reader.content().read()).isEqualTo(-1);
  }

  @Test
  void nextWhenTheStreamGivesByteByByteReadsTheSame() throws IOException {
    byte[] tar = new RawTar().pax("path", "p").file("a", "hello").end().bytes();
    InputStream slow =
        new ByteArrayInputStream(tar) {
          @Override
          public synchronized int read(byte[] target, int offset, int length) {
            return super.read(target, offset, Math.min(length, 1));
          }
        };
    List<RawTar.Read> all = RawTar.readAll(TarReader.over(slow));
    assertThat(all.get(0).path()).isEqualTo("p");
    assertThat(all.get(0).content()).isEqualTo(new ByteString("hello"));
  }

  @Test
  void nextWhenThereIsNoEndMarkerEndsWhereTheStreamDoes() throws IOException {
    assertThat(new RawTar().file("a", "1").readAsIs()).hasSize(1);
    assertThat(new RawTar().readAsIs()).isEmpty();
  }

  @Test
  void drainReadsAllThatFollows() throws IOException {
    InputStream in = new ByteArrayInputStream(new RawTar().end().end().data("junk").bytes());
    try (TarReader reader = TarReader.over(in)) {
      assertThatThrownBy(reader::drain).isInstanceOf(IllegalStateException.class);
      assertThat(reader.next()).isNull();
      reader.drain();
      assertThat(in.read()).isEqualTo(-1);
      assertThat(reader.next()).isNull();
    }
  }
}

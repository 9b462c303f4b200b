package dev.cooper.oci.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Archives that no honest tool writes: refused, with the place named. */
class TarAttackTest {
  private static AbstractThrowableAssert<?, ? extends Throwable> assertRefused(RawTar tar) {
    return assertThatThrownBy(tar::read).isInstanceOf(ContentException.class);
  }

  /**
   * Names that leave the root are found by whoever normalizes them; a reader gives them as found.
   */
  @ParameterizedTest
  @ValueSource(strings = {"../outside", "a/../../x"})
  void pathTraversalIsRefusedWhereANameIsNormalized(String name) throws IOException {
    TarEntry entry = new RawTar().file(name, "").read().get(0).entry();
    assertThatThrownBy(() -> LayerPath.normalize(entry.path()))
        .isInstanceOf(ContentException.class);
  }

  @Test
  void nulInANameIsRefused() {
    assertRefused(new RawTar().pax("path", "a\0b").file("f", "")).hasMessageContaining("offset 0");
    assertRefused(new RawTar().pax("linkpath", "a\0b").header("f", '2', 0));
    assertRefused(
        new RawTar()
            .extension(
                'x',
                RawTar.record("GNU.sparse.name", "a\0b") + RawTar.record("GNU.sparse.size", "0"))
            .file("f", ""));
  }

  @Test
  void aNameOf64KibIsRefused() {
    String name = "x".repeat(1 << 16);
    assertRefused(new RawTar().pax("path", name).file("f", "")).hasMessageContaining("65536");
    assertRefused(new RawTar().extension('L', name).file("f", ""));
    assertRefused(new RawTar().extension('K', name).header("f", '2', 0));
  }

  /** CVE-2021-20291: what is no tar. */
  @Test
  void garbageIsRefused() {
    byte[] garbage = new byte[4096];
    new Random(1).nextBytes(garbage);
    assertThatThrownBy(() -> TarReader.over(new ByteArrayInputStream(garbage)).next())
        .isInstanceOf(ContentException.class)
        .hasMessageContaining("offset 0");
  }

  @Test
  void truncationAnywhereWithinAnEntryIsRefused() throws IOException {
    byte[] tar =
        new RawTar()
            .extension('L', "n".repeat(200))
            .pax("uid", "1")
            .file("f", "x".repeat(600))
            .bytes();
    for (int length = 1; length < tar.length; length++) {
      byte[] cut = Arrays.copyOf(tar, length);
      assertThatThrownBy(() -> RawTar.readAll(TarReader.over(new ByteArrayInputStream(cut))))
          .as("cut at %d", length)
          .isInstanceOf(ContentException.class)
          .hasMessageContaining("offset");
    }
    assertThat(RawTar.readAll(TarReader.over(new ByteArrayInputStream(tar)))).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource({
    "mtime,1e9999999", "mtime,--1", "mtime,1.x", "mtime,1.0000000000x", "mtime,.5",
        "mtime,99999999999999999999",
    "size,-1", "size,0x10", "size,9223372036854775808", "size,'1 '", "uid,-1", "gid,+1"
  })
  void badNumbersAreRefused(String key, String value) {
    assertRefused(new RawTar().pax(key, value).file("f", "")).hasMessageContaining(key);
  }

  @Test
  void hugeNumbersAreRefusedWithoutShowingThem() {
    assertRefused(new RawTar().pax("mtime", "9".repeat(100_000)).file("f", ""))
        .message()
        .hasSizeLessThan(300);
  }

  @Test
  void negativeAndOverlongHeaderNumbersAreRefused() {
    for (int at : new int[] {108, 116, 124}) {
      assertRefused(
              new RawTar().header("f", '0', 0, block -> Arrays.fill(block, at, at + 8, (byte) -1)))
          .hasMessageContaining("negative");
    }
    assertRefused(
            new RawTar()
                .header(
                    "f", '0', 0, block -> RawTar.put(block, 124, "\u00bf" + "\u00ff".repeat(11))))
        .hasMessageContaining("64 bits");
    assertRefused(new RawTar().header("f", '0', 0, block -> RawTar.put(block, 108, "00x0000\0")))
        .hasMessageContaining("octal");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "x path=f\n",
        "7 path=f\n",
        "8 path=f",
        "11 path=f\n",
        "99 path=f\n",
        "-1 path=f\n",
        "path=f\n",
        "5 =f\n",
        "6 ab\n\n",
        "3 \n",
        "0 a=b\n",
        "00000000000000000000000008 path=f\n"
      })
  void malformedPaxRecordsAreRefused(String records) {
    assertRefused(new RawTar().extension('x', records).file("f", ""));
  }

  /** CVE-2025-62518: with ustar's size the hidden header would be an entry; GNU tar lists one. */
  @Test
  void paxSizeIsTheSizeSoThatNoHiddenEntryShows() throws IOException {
    String hidden = ByteString.of(RawTar.block("hidden", '0', 0, block -> {})).latin1();
    List<RawTar.Read> all =
        new RawTar().pax("size", "512").header("outer", '0', 0).data(hidden).read();
    assertThat(all).extracting(RawTar.Read::path).containsExactly("outer");
    assertThat(all.get(0).content()).isEqualTo(new ByteString(hidden));
  }

  @Test
  void sizesWhereReadersDifferAreRefused() throws IOException {
    for (char type : "23456".toCharArray()) {
      assertRefused(new RawTar().header("f", type, 512).data("x")).hasMessageContaining("size");
    }
    assertRefused(new RawTar().header("d/", '0', 3).data("abc"));
    assertRefused(new RawTar().pax("size", "1").header("h", '1', 0));
    assertThat(new RawTar().header("h", '1', 512).file("f", "").read()).hasSize(2);
  }

  @Test
  void namesWhereReadersDifferAreRefused() throws IOException {
    assertRefused(new RawTar().extension('L', "a\0").pax("path", "b").file("f", ""));
    assertRefused(new RawTar().extension('K', "a\0").pax("linkpath", "b").header("f", '2', 0));
    assertThat(new RawTar().extension('L', "a\0").pax("path", "a").file("f", "").read()).hasSize(1);
    assertRefused(new RawTar().pax("path", "a").pax("path", "b").file("f", ""));
    assertRefused(new RawTar().extension('L', "a").extension('L', "b").file("f", ""));
    assertRefused(new RawTar().header("", '0', 0));
  }

  @Test
  void extendedHeadersWithoutAnEntryAreRefused() {
    assertRefused(new RawTar().pax("path", "a")).hasMessageContaining("after an extended header");
    assertRefused(new RawTar().extension('L', "a"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"path", "linkpath", "size", "SCHILY.xattr.user.a", "GNU.sparse.size"})
  void whatCannotBeEveryEntrysIsRefusedInAGlobalHeader(String key) {
    assertRefused(new RawTar().extension('g', RawTar.record(key, "1")).file("f", ""))
        .hasMessageContaining("global");
  }

  @ParameterizedTest
  @ValueSource(chars = {'D', 'M', 'N', 'Z', 'a', '8', '\u00ff'})
  void unknownTypesAreRefused(char type) {
    assertRefused(new RawTar().header("f", type, 0)).hasMessageContaining("type");
  }

  @Test
  void entriesAfterALoneZeroBlockAreRefused() {
    assertRefused(new RawTar().data("\0").file("f", "")).hasMessageContaining("zeros");
  }

  @Test
  void xattrsOverTheLimitAreRefused() {
    assertRefused(new RawTar().pax("SCHILY.xattr.user.a", "x".repeat(65537)).file("f", ""))
        .hasMessageContaining("65537");
    assertRefused(new RawTar().pax("SCHILY.xattr." + "x".repeat(256), "").file("f", ""));
    assertRefused(new RawTar().pax("SCHILY.xattr.", "").file("f", ""));
  }

  @ParameterizedTest
  @CsvSource({
    "8,'1,2,2,1',3",
    "8,'5,1,1,2',3",
    "4,'1,2,5,1',3",
    "8,'1,2',3",
    "8,'1,2,5,2',3",
    "8,'1,2,5',3",
    "8,'9223372036854775807,9',9",
    "68719476737,'',0",
    "8,'1,-2',2"
  })
  void sparseMapsThatDoNotAddUpAreRefused(String size, String map, int archived) {
    String records = RawTar.record("GNU.sparse.size", size) + RawTar.record("GNU.sparse.map", map);
    assertRefused(new RawTar().extension('x', records).file("f", "x".repeat(archived)));
  }

  @Test
  void sparseMapsInContentThatAreMalformedAreRefused() {
    String records =
        RawTar.record("GNU.sparse.major", "1") + RawTar.record("GNU.sparse.realsize", "8");
    for (String map : List.of("", "1\n1\n", "x\n", "1\n" + "0".repeat(30) + "\n", "2000000\n")) {
      assertRefused(new RawTar().extension('x', records).header("f", '0', 512).data(map));
    }
    assertRefused(
        new RawTar()
            .extension('x', records + RawTar.record("GNU.sparse.map", "0,1"))
            .header("f", '0', 513)
            .data("1\n0\n1\n")
            .data("x"));
    assertRefused(new RawTar().extension('x', records).header("f", '5', 0));
    assertRefused(new RawTar().pax("GNU.sparse.unknown", "1").file("f", ""));
    assertRefused(new RawTar().pax("GNU.sparse.numbytes", "1").file("f", "x"));
  }
}

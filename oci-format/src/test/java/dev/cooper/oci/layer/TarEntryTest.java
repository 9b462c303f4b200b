package dev.cooper.oci.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TarEntryTest {
  private static final TarEntry FILE = TarEntry.file(new ByteString("f"), 0644, 3);

  @ParameterizedTest
  @CsvSource({"a/b,a/.wh.b", "b,.wh.b", "a/.wh.b,a/.wh..wh.b"})
  void whiteoutNamesWhatItHides(String hidden, String marker) {
    TarEntry entry = TarEntry.whiteout(new ByteString(hidden));
    assertThat(entry.path()).isEqualTo(new ByteString(marker));
    assertThat(entry.isWhiteout()).isTrue();
    assertThat(entry.isOpaqueMarker()).isFalse();
    assertThat(entry.whiteoutTarget()).isEqualTo(new ByteString(hidden));
  }

  @ParameterizedTest
  @CsvSource({"a/b,a/b/.wh..wh..opq", "'',.wh..wh..opq"})
  void opaqueIsNoWhiteout(String directory, String marker) {
    TarEntry entry = TarEntry.opaque(new ByteString(directory));
    assertThat(entry.path()).isEqualTo(new ByteString(marker));
    assertThat(entry.isOpaqueMarker()).isTrue();
    assertThat(entry.isWhiteout()).isFalse();
    assertThat(entry.whiteoutTarget()).isEqualTo(new ByteString(directory));
  }

  /** Honoured, the first removes its own directory, the others the one above. */
  @ParameterizedTest
  @ValueSource(strings = {"d/.wh.", "d/.wh..", "d/.wh...", ".wh.", ".wh..", ".wh..."})
  void whiteoutTargetWhenItNamesNoFileThrows(String marker) {
    TarEntry entry = TarEntry.file(new ByteString(marker), 0, 0);
    assertThat(entry.isWhiteout()).isTrue();
    assertThatThrownBy(entry::whiteoutTarget).isInstanceOf(ContentException.class);
  }

  @Test
  void whiteoutTargetWhenItIsAnOrdinaryFileThrows() {
    assertThat(FILE.isWhiteout()).isFalse();
    assertThatThrownBy(FILE::whiteoutTarget).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void copiesChangeOneThing() {
    TarEntry all =
        FILE.withPath(new ByteString("g"))
            .withMode(07777)
            .withOwner(1, 2)
            .withSize(4)
            .withMtime(-5, 6)
            .withXattrs(Map.of(new ByteString("user.a"), new ByteString("b")));
    assertThat(all)
        .isEqualTo(
            new TarEntry(
                new ByteString("g"),
                EntryType.FILE,
                07777,
                1,
                2,
                4,
                -5,
                6,
                ByteString.EMPTY,
                0,
                0,
                new TreeMap<>(Map.of(new ByteString("user.a"), new ByteString("b")))));
    assertThat(TarEntry.symlink(FILE.path(), FILE.path()).withLink(new ByteString("t")).link())
        .isEqualTo(new ByteString("t"));
  }

  @Test
  void constructorWhenAValueIsOutOfRangeThrows() {
    ByteString name = FILE.path();
    assertBad(() -> FILE.withMode(010000));
    assertBad(() -> FILE.withOwner(-1, 0));
    assertBad(() -> FILE.withOwner(0, -1));
    assertBad(() -> FILE.withSize(-1));
    assertBad(() -> FILE.withMtime(0, 1_000_000_000));
    assertBad(() -> FILE.withMtime(0, -1));
    assertBad(() -> FILE.withPath(new ByteString("a\0b")));
    assertBad(() -> TarEntry.symlink(name, new ByteString("a\0")));
    assertBad(() -> TarEntry.directory(name, 0755).withSize(1));
    assertBad(() -> TarEntry.device(name, EntryType.CHAR_DEVICE, 0, -1, 0));
    assertBad(() -> TarEntry.device(name, EntryType.BLOCK_DEVICE, 0, 0, 010000000));
    assertBad(() -> TarEntry.device(name, EntryType.FIFO, 0, 0, 0));
  }

  private static void assertBad(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class);
  }
}

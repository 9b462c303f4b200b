package dev.cooper.oci.layer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.oci.ByteString;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.Test;

/** Random entries, the same ones every time: what is written is what is read. */
class TarRoundTripTest {
  private static final long[] NUMBERS = {
    0, 1, 1000, 07777777, 010000000, 0xffffffffL, Long.MAX_VALUE
  };
  private static final long[] TIMES = {
    0, 1, 1700000000, 077777777777L, 0100000000000L, -1, -62135596800L
  };

  private static final List<EntryType> TYPES = List.of(EntryType.values());

  private final Random random = new Random(20);

  @Test
  void readerGivesWhatWriterTook() throws IOException {
    List<RawTar.Read> written = entries(500, false);
    byte[] tar = write(written, false);
    assertThat(RawTar.readAll(TarReader.over(new ByteArrayInputStream(tar)))).isEqualTo(written);
  }

  @Test
  void writerGivesTheSameBytesForTheSameEntriesHoweverTheirContentComes() throws IOException {
    List<RawTar.Read> written = entries(200, false);
    assertThat(write(written, true)).isEqualTo(write(written, false));
  }

  @Test
  void commonsCompressReadsTheSame() throws IOException {
    List<RawTar.Read> written = entries(300, true);
    try (TarArchiveInputStream oracle =
        new TarArchiveInputStream(new ByteArrayInputStream(write(written, false)), "ISO-8859-1")) {
      for (RawTar.Read read : written) {
        assertSame(read, oracle.getNextEntry(), ByteString.of(oracle.readAllBytes()));
      }
      assertThat(oracle.getNextEntry()).isNull();
    }
  }

  private static void assertSame(RawTar.Read read, TarArchiveEntry found, ByteString content) {
    TarEntry entry = read.entry();
    boolean directory = entry.type() == EntryType.DIRECTORY;
    assertThat(found.getName()).isEqualTo(read.path() + (directory ? "/" : ""));
    assertThat(found.getLinkName()).isEqualTo(entry.link().latin1());
    assertThat(found.getMode()).isEqualTo(entry.mode());
    assertThat(found.getLongUserId()).isEqualTo(entry.uid());
    assertThat(found.getLongGroupId()).isEqualTo(entry.gid());
    assertThat(found.getSize()).isEqualTo(entry.size());
    assertThat(found.getLastModifiedTime().toInstant())
        .isEqualTo(Instant.ofEpochSecond(entry.mtimeSeconds(), entry.mtimeNanos()));
    assertThat(found.getDevMajor()).isEqualTo(entry.deviceMajor());
    assertThat(found.getDevMinor()).isEqualTo(entry.deviceMinor());
    assertThat(content).isEqualTo(read.content());
  }

  private static byte[] write(List<RawTar.Read> entries, boolean inPieces) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (TarWriter writer = new TarWriter(out)) {
      for (RawTar.Read read : entries) {
        byte[] content = read.content().toBytes();
        if (inPieces) {
          writer.begin(read.entry());
          for (int i = 0; i < content.length; i += 7777) {
            writer.write(content, i, Math.min(7777, content.length - i));
          }
          writer.end();
        } else {
          writer.put(read.entry(), new ByteArrayInputStream(content));
        }
      }
      writer.finish();
    }
    return out.toByteArray();
  }

  private List<RawTar.Read> entries(int count, boolean ascii) {
    List<RawTar.Read> entries = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      EntryType type = TYPES.get(random.nextInt(TYPES.size()));
      ByteString content =
          type == EntryType.FILE
              ? bytes(random.nextInt(10) == 0 ? 300_000 : 1500)
              : ByteString.EMPTY;
      entries.add(new RawTar.Read(entry(type, content.length(), ascii), content));
    }
    return entries;
  }

  private TarEntry entry(EntryType type, int size, boolean ascii) {
    boolean link = type == EntryType.SYMLINK || type == EntryType.HARDLINK;
    boolean device = type == EntryType.CHAR_DEVICE || type == EntryType.BLOCK_DEVICE;
    boolean nanos = random.nextInt(3) == 0;
    TreeMap<ByteString, ByteString> xattrs = new TreeMap<>();
    for (int i = random.nextInt(6); i > 3; i--) {
      xattrs.put(name(20, ascii), bytes(100));
    }
    return new TarEntry(
        name(300, ascii),
        type,
        random.nextInt(010000),
        NUMBERS[random.nextInt(NUMBERS.length)],
        NUMBERS[random.nextInt(NUMBERS.length)],
        size,
        TIMES[random.nextInt(TIMES.length)],
        nanos ? random.nextInt(1_000_000_000) : 0,
        link ? name(300, ascii) : ByteString.EMPTY,
        device ? random.nextInt(4096) : 0,
        device ? random.nextInt(1 << 20) : 0,
        xattrs);
  }

  private ByteString bytes(int limit) {
    byte[] bytes = new byte[random.nextInt(limit)];
    random.nextBytes(bytes);
    return ByteString.of(bytes);
  }

  /** Any bytes but NUL, with slashes here and there but not at the end. */
  private ByteString name(int limit, boolean ascii) {
    StringBuilder name = new StringBuilder();
    int length = 1 + random.nextInt(limit);
    for (int i = 0; i < length; i++) {
      char c = (char) (ascii ? 'a' + random.nextInt(26) : 1 + random.nextInt(255));
      name.append(random.nextInt(20) == 0 && i > 0 && i < length - 1 ? '/' : c == '/' ? '_' : c);
    }
    return new ByteString(name.toString());
  }
}

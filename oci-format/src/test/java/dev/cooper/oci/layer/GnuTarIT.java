package dev.cooper.oci.layer;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.oci.ByteString;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** GNU tar and python's tarfile: we read what they write, and they what we write. */
class GnuTarIT {
  /** What every format can hold. */
  private static final String PLAIN =
      "mkdir -p tree/dir/empty; cd tree; printf hello > file; printf x > dir/setuid;"
          + " chmod 4755 dir/setuid; chmod 1777 dir/empty; ln file dir/hard; ln -s ../file dir/sym;"
          + " head -c 300000 /dev/zero | tr '\\0' a > dir/large;"
          + " find . -exec touch -h -d '2001-02-03 04:05:06 UTC' {} +; ";

  /** What takes GNU's or PAX's extensions; the shell makes names that the JVM could not. */
  private static final String HARD =
      "mkfifo fifo; printf y > $'not \\xff\\xfe utf-8'; printf z > $'caf\\xc3\\xa9';"
          + " name=$(printf 'n%.0s' {1..200}); mkdir -p $name/$name; printf l > $name/$name/$name;"
          + " ln -s $name/$name/$name longlink; ln $name/$name/$name longhard;"
          + " find . -exec touch -h -d '1950-02-03 04:05:06 UTC' {} +; ";

  private static final String SPARSE =
      "truncate -s 5M sparse; for i in 1 2 3 4 5 6 7 8 9; do"
          + " printf data$i | dd of=sparse bs=1 seek=$((i * 400000)) conv=notrunc status=none; done;"
          + " truncate -s 1M hole; touch -d '2001-02-03 UTC' . hole sparse; ";

  private static final String NANOS =
      "touch -d '2001-02-03 04:05:06.123456789 UTC' file;"
          + " touch -d '1969-12-31 23:59:58.75 UTC' dir/large; ";

  @TempDir Path dir;

  @BeforeEach
  void requireTar() throws IOException {
    Tool.require("tar");
  }

  private void makeTree(String... scripts) throws IOException {
    Tool.run(dir, String.join("", scripts));
  }

  private byte[] gnu(String options) throws IOException {
    return Tool.run(dir, "tar " + options + " --sort=name -cf - -C tree .");
  }

  private static byte[] rewritten(byte[] tar) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (TarReader reader = TarReader.over(new ByteArrayInputStream(tar));
        TarWriter writer = new TarWriter(out)) {
      for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
        writer.put(entry, reader.content());
      }
      reader.drain();
      writer.finish();
    }
    return out.toByteArray();
  }

  /** GNU tar finds no difference between the tree and what we made of its archive. */
  private void assertSameTree(byte[] tar, String compareOptions) throws IOException {
    byte[] differences =
        Tool.run(dir, "tar " + compareOptions + " -df - -C tree 2>&1 || true", rewritten(tar));
    assertThat(new String(differences, ISO_8859_1)).isEmpty();
  }

  private byte[] listing(byte[] tar) throws IOException {
    return Tool.run(dir, "TZ=UTC tar --numeric-owner --full-time -tvf - 2>&1", tar);
  }

  @ParameterizedTest
  @ValueSource(strings = {"v7", "ustar", "oldgnu", "gnu", "pax"})
  void readerTakesPlainFilesInEveryFormat(String format) throws IOException {
    makeTree(PLAIN);
    assertSameTree(gnu("--format=" + format), "");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--format=oldgnu --sparse",
        "--format=gnu --sparse",
        "--format=pax --sparse --sparse-version=0.0",
        "--format=pax --sparse --sparse-version=0.1",
        "--format=pax --sparse --sparse-version=1.0",
        "--format=pax"
      })
  void readerTakesLongForeignAndSparseFiles(String options) throws IOException {
    makeTree(PLAIN, HARD, SPARSE);
    byte[] tar = gnu(options);
    assertSameTree(tar, "");
    assertThat(rewritten(rewritten(tar))).isEqualTo(rewritten(tar));
  }

  @Test
  void timesKeepTheirFractionBeforeAndAfter1970() throws IOException {
    makeTree(PLAIN, NANOS);
    assertSameTree(gnu("--format=pax"), "");
  }

  @Test
  void writerListsAsWhatGnuTarWrote() throws IOException {
    makeTree(PLAIN, HARD);
    byte[] tar = gnu("--format=pax --numeric-owner");
    assertThat(listing(rewritten(tar))).isEqualTo(listing(tar));
  }

  @Test
  void readerKeepsTheXattrsThatGnuTarWrote() throws IOException {
    Tool.require("python3");
    makeTree(PLAIN);
    Tool.run(
        dir,
        "python3 -c 'import os; os.setxattr(\"tree/dir/setuid\", \"user.bin\", b\"\\x80\\n\\0=\\xff\")'");
    byte[] tar = gnu("--format=pax --xattrs --xattrs-include='*'");
    Map<ByteString, ByteString> expected =
        Map.of(new ByteString("user.bin"), new ByteString("\u0080\n\0=\u00ff"));
    assertThat(entries(tar))
        .extractingByKey("./dir/setuid")
        .extracting(TarEntry::xattrs)
        .isEqualTo(expected);
    Path copy = Files.createDirectory(dir.resolve("copy"));
    Tool.run(copy, "tar --xattrs --xattrs-include='*' -xf -", rewritten(tar));
    byte[] found =
        Tool.run(
            copy,
            "python3 -c 'import os, sys;"
                + " sys.stdout.buffer.write(os.getxattr(\"dir/setuid\", \"user.bin\"))'");
    assertThat(ByteString.of(found)).isEqualTo(new ByteString("\u0080\n\0=\u00ff"));
  }

  private static Map<String, TarEntry> entries(byte[] tar) throws IOException {
    return RawTar.readAll(TarReader.over(new ByteArrayInputStream(tar))).stream()
        .map(RawTar.Read::entry)
        .collect(Collectors.toMap(entry -> entry.path().latin1(), Function.identity()));
  }

  /** CVE-2025-62518: which of the two sizes is believed decides what entries there are. */
  @Test
  void paxSizeMeansTheSameAsToGnuTar() throws IOException {
    String hidden = ByteString.of(RawTar.block("hidden", '0', 0, block -> {})).latin1();
    byte[] tar = new RawTar().pax("size", "512").header("outer", '0', 0).data(hidden).end().bytes();
    String theirs = new String(Tool.run(dir, "tar -tf -", tar), ISO_8859_1);
    assertThat(theirs.lines().toList()).isEqualTo(List.copyOf(entries(tar).keySet()));
  }

  @Test
  void writersDevicesAndMarkersListInGnuTar() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (TarWriter writer = new TarWriter(out)) {
      writer.put(
          TarEntry.device(new ByteString("null"), EntryType.CHAR_DEVICE, 0666, 1, 3)
              .withMtime(1, 500_000_000));
      writer.put(TarEntry.device(new ByteString("sda"), EntryType.BLOCK_DEVICE, 0660, 8, 1048575));
      writer.put(TarEntry.whiteout(new ByteString("d/gone")).withOwner(3_000_000, 4_294_967_294L));
      writer.put(TarEntry.opaque(new ByteString("d")).withMtime(-2, 0));
      writer.finish();
    }
    List<String> fields =
        new String(listing(out.toByteArray()), ISO_8859_1)
            .lines()
            .map(line -> line.replaceAll(" +", " "))
            .toList();
    assertThat(fields)
        .containsExactly(
            "crw-rw-rw- 0/0 1,3 1970-01-01 00:00:01.5 null",
            "brw-rw---- 0/0 8,1048575 1970-01-01 00:00:00 sda",
            "---------- 3000000/4294967294 0 1970-01-01 00:00:00 d/.wh.gone",
            "---------- 0/0 0 1969-12-31 23:59:58 d/.wh..wh..opq");
  }

  @Test
  void pythonReadsTheNamesAndTimesThatWeWrite() throws IOException {
    Tool.require("python3");
    makeTree(PLAIN, HARD);
    byte[] tar = rewritten(gnu("--format=gnu"));
    String script =
        "python3 -c 'import os, sys, tarfile\n"
            + "for m in tarfile.open(fileobj=sys.stdin.buffer, mode=\"r|\", encoding=\"latin1\"):\n"
            + "  sys.stdout.buffer.write(b\"%s %d %d\\n\" % ("
            + "m.name.encode(\"latin1\", \"replace\"), m.size, int(m.mtime)))'";
    String listed = new String(Tool.run(dir, script, tar), ISO_8859_1);
    String expected =
        RawTar.readAll(TarReader.over(new ByteArrayInputStream(tar))).stream()
            .map(RawTar.Read::entry)
            .filter(entry -> entry.path().latin1().chars().allMatch(c -> c < 0x80))
            .map(e -> e.path().latin1() + " " + e.size() + " " + e.mtimeSeconds() + "\n")
            .collect(Collectors.joining());
    assertThat(Arrays.asList(listed.split("\n", -1)))
        .containsAll(Arrays.asList(expected.split("\n", -1)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"USTAR", "GNU", "PAX"})
  void readerTakesWhatPythonWrites(String format) throws IOException {
    Tool.require("python3");
    makeTree(PLAIN);
    byte[] tar =
        Tool.run(
            dir,
            "python3 -c 'import sys, tarfile\n"
                + "t = tarfile.open(fileobj=sys.stdout.buffer, mode=\"w|\", format=tarfile."
                + format
                + "_FORMAT)\nt.add(\"tree\", \".\")\nt.close()'");
    assertSameTree(tar, "");
  }
}

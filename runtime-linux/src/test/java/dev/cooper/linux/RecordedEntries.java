package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.EntrySink;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.TarEntry;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Takes entries and keeps them with their content, and tells them as lines to compare. */
final class RecordedEntries implements EntrySink {
  final List<TarEntry> entries = new ArrayList<>();
  final List<byte[]> contents = new ArrayList<>();
  private final ByteArrayOutputStream content = new ByteArrayOutputStream();

  @Override
  public void begin(TarEntry entry) {
    entries.add(entry);
    content.reset();
  }

  @Override
  public void write(byte[] source, int offset, int length) {
    content.write(source, offset, length);
  }

  @Override
  public void end() {
    contents.add(content.toByteArray());
  }

  TarEntry entry(String path) {
    return entries.get(index(path));
  }

  byte[] content(String path) {
    return contents.get(index(path));
  }

  private int index(String path) {
    for (int i = 0; i < entries.size(); i++) {
      if (entries.get(i).path().equals(ByteString.utf8(path))) {
        return i;
      }
    }
    throw new AssertionError("no entry " + path + " in " + paths());
  }

  List<String> paths() {
    return entries.stream().map(entry -> entry.path().toString()).toList();
  }

  /** One line an entry: type, mode, owner, path, and what it links to or holds. */
  List<String> lines() {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < entries.size(); i++) {
      lines.add(line(entries.get(i), ByteString.of(contents.get(i))));
    }
    return lines;
  }

  private static String line(TarEntry entry, ByteString content) {
    String line =
        String.format(
            Locale.ROOT,
            "%s %o %d:%d %s",
            entry.type(),
            entry.mode(),
            entry.uid(),
            entry.gid(),
            entry.path());
    if (entry.type() == EntryType.FILE) {
      return content.isEmpty() ? line : line + " = " + new ByteString(content.latin1().strip());
    }
    return entry.link().isEmpty() ? line : line + " -> " + entry.link();
  }
}

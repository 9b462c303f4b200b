package dev.cooper.oci.layer;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.ImageLimits;
import org.jspecify.annotations.Nullable;

/** What GNU tar says of a sparse file in a PAX header: its formats 0.0, 0.1 and 1.0. */
final class PaxSparse {
  private final ImageLimits limits;
  private final long offset;
  private @Nullable SparseMap map;
  private boolean present;
  private boolean mapFollows;
  private long pendingOffset = -1;

  /** The file's own size, or -1. */
  long realSize = -1;

  /** The file's name, where the archive's is one that GNU tar made up. */
  @Nullable ByteString name;

  PaxSparse(ImageLimits limits, long offset) {
    this.limits = limits;
    this.offset = offset;
  }

  boolean isPresent() {
    return present;
  }

  /** Whether the map comes as the first blocks of the content (format 1.0). */
  boolean mapFollows() {
    return mapFollows;
  }

  SparseMap map() {
    if (map == null) {
      map = new SparseMap(limits, offset);
    }
    return map;
  }

  void record(String key, ByteString value) {
    present = true;
    switch (key) {
      case "size", "realsize" -> realSize = number(key, value);
      case "name" -> name = checkedName(value);
      case "major" -> mapFollows = number(key, value) == 1;
      case "minor", "numblocks" -> number(key, value);
      case "offset" -> pendingOffset = number(key, value);
      case "numbytes" -> segment(number(key, value));
      case "map" -> segments(value.latin1());
      default -> throw bad("found the unknown key GNU.sparse." + new ByteString(key));
    }
  }

  private void segment(long length) {
    if (pendingOffset < 0) {
      throw bad("found GNU.sparse.numbytes without an offset before it");
    }
    map().add(pendingOffset, length);
    pendingOffset = -1;
  }

  private void segments(String list) {
    for (int at = 0; at < list.length(); ) {
      int comma = end(list, at);
      int next = end(list, comma + 1);
      long start = number("map", part(list, at, comma));
      map().add(start, number("map", part(list, comma + 1, next)));
      at = next + 1;
    }
  }

  private static ByteString part(String list, int from, int to) {
    return from >= to ? ByteString.EMPTY : new ByteString(list.substring(from, to));
  }

  private static int end(String list, int from) {
    int comma = list.indexOf(',', from);
    return comma < 0 ? list.length() : comma;
  }

  private ByteString checkedName(ByteString value) {
    if (value.length() > limits.nameBytes()) {
      throw ImageLimits.exceeded(
          "nameBytes",
          limits.nameBytes(),
          "a sparse file of the tar has a name of " + value.length() + " bytes");
    }
    if (value.isEmpty() || value.latin1().indexOf(0) >= 0) {
      throw bad("GNU.sparse.name has " + value.length() + " bytes, or a NUL");
    }
    return value;
  }

  private long number(String key, ByteString value) {
    return PaxRecords.natural(value, "GNU.sparse." + key, offset);
  }

  private ContentException bad(String found) {
    return new ContentException("PAX header in tar at offset " + offset + ": " + found);
  }
}

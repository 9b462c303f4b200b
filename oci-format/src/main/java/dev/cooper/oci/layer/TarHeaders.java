package dev.cooper.oci.layer;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.ImageLimits;
import java.io.IOException;
import java.util.Collections;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/** Puts an entry together from its header block and the extension headers before it. */
final class TarHeaders {
  private static final int BLOCK = TarInput.BLOCK;

  /** The kernel's PATH_MAX counts a NUL too. */
  private static final int MAX_LINK = 4095;

  private final TarInput in;
  private final ImageLimits limits;
  private final LayerBudget budget;
  private final TarHeader header = new TarHeader();
  private final GlobalDefaults defaults = new GlobalDefaults();
  private long offset;
  private @Nullable PaxRecords pax;
  private @Nullable ByteString longName;
  private @Nullable ByteString longLink;
  private TarContent content;

  TarHeaders(TarInput in, LayerBudget budget) {
    this.in = in;
    this.limits = budget.limits();
    this.budget = budget;
    this.content = TarContent.plain(in, 0);
  }

  /** The content of the entry that {@link #next} gave last. */
  TarContent content() {
    return content;
  }

  @Nullable TarEntry next() throws IOException {
    pax = null;
    longName = null;
    longLink = null;
    while (true) {
      if (!readBlock()) {
        checkNothingPending();
        return null;
      }
      switch (header.type()) {
        case 'x', 'X' -> {
          once(pax);
          pax = PaxRecords.of(extended(), limits, offset);
        }
        case 'g' -> defaults.add(PaxRecords.global(extended(), limits, offset));
        case 'L' -> {
          once(longName);
          longName = longText("a long name");
        }
        case 'K' -> {
          once(longLink);
          longLink = longText("a long link name");
        }
        case 'V' -> {
          budget.takeHeader(header.size());
          in.skip(padded(header.size()), "a volume label");
        }
        default -> {
          return entry();
        }
      }
    }
  }

  /** Takes a header block; false at the end marker or where the archive ends. */
  private boolean readBlock() throws IOException {
    offset = in.offset();
    int at = in.block();
    if (at < 0) {
      return false;
    }
    if (!header.at(in.buffer(), at, offset)) {
      return true;
    }
    int second = in.block();
    if (second >= 0 && !header.at(in.buffer(), second, offset + BLOCK)) {
      throw header.bad("end marker", "found one block of zeros, expected two");
    }
    return false;
  }

  private void once(@Nullable Object earlier) {
    if (earlier != null) {
      throw header.bad("type", "found '" + header.type() + "' twice before one entry");
    }
  }

  private void checkNothingPending() {
    if (pax != null || longName != null || longLink != null) {
      throw new ContentException(
          "tar ends at offset " + offset + " after an extended header, expected its entry");
    }
  }

  private static long padded(long size) {
    long padding = -size & (BLOCK - 1);
    return size + padding < 0 ? size : size + padding;
  }

  private byte[] extended() throws IOException {
    return body("headerBytes", "a PAX header", limits.headerBytes());
  }

  private byte[] body(String limit, String what, int most) throws IOException {
    long size = header.size();
    if (size > most) {
      throw ImageLimits.exceeded(
          limit, most, "the tar has at offset " + offset + " " + what + " of " + size + " bytes");
    }
    budget.takeHeader(size);
    byte[] body = in.readFully((int) size, what);
    in.skip(padded(size) - size, what);
    return body;
  }

  /** GNU tar ends such a name with a NUL, which counts; other writers don't. */
  private ByteString longText(String what) throws IOException {
    byte[] body = body("nameBytes", what, limits.nameBytes() + 1);
    int end = 0;
    while (end < body.length && body[end] != 0) {
      end++;
    }
    if (end == 0) {
      throw header.bad("name", what + " of " + end + " bytes");
    }
    if (end > limits.nameBytes()) {
      throw ImageLimits.exceeded(
          "nameBytes",
          limits.nameBytes(),
          "the tar has at offset " + offset + " " + what + " of " + end + " bytes");
    }
    return ByteString.of(body, 0, end);
  }

  private TarEntry entry() throws IOException {
    PaxRecords records = pax;
    char flag = header.type();
    ByteString name = name(records);
    EntryType type = type(flag, name);
    ByteString link =
        type == EntryType.HARDLINK || type == EntryType.SYMLINK ? link(records) : ByteString.EMPTY;
    boolean device = type == EntryType.CHAR_DEVICE || type == EntryType.BLOCK_DEVICE;
    boolean ownTime = records != null && records.hasMtime;
    long archived = archived(records, type);
    int mode = header.mode();
    long uid = records != null && records.uid >= 0 ? records.uid : defaults.uid(header);
    long gid = records != null && records.gid >= 0 ? records.gid : defaults.gid(header);
    long seconds = ownTime && records != null ? records.mtimeSeconds : defaults.seconds(header);
    int nanos = ownTime && records != null ? records.mtimeNanos : defaults.nanos();
    int major = device ? header.deviceMajor() : 0;
    int minor = device ? header.deviceMinor() : 0;
    long size = content(records, flag, type, archived);
    ByteString path = type == EntryType.DIRECTORY ? LayerPath.withoutTrailingSlashes(name) : name;
    return new TarEntry(
        path, type, mode, uid, gid, size, seconds, nanos, link, major, minor, xattrs(records));
  }

  private static SortedMap<ByteString, ByteString> xattrs(@Nullable PaxRecords records) {
    return records == null ? Collections.emptySortedMap() : records.xattrs;
  }

  private ByteString name(@Nullable PaxRecords records) {
    ByteString extended = records == null ? null : records.path;
    ByteString name = one("name", longName, extended);
    if (records != null && records.sparse.name != null) {
      return records.sparse.name;
    }
    ByteString found = name == null ? header.name() : name;
    if (found.isEmpty()) {
      throw header.bad("name", "found an empty one");
    }
    return found;
  }

  private ByteString link(@Nullable PaxRecords records) {
    ByteString link = one("link name", longLink, records == null ? null : records.link);
    ByteString found = link == null ? header.link() : link;
    if (found.length() > MAX_LINK) {
      throw header.bad(
          "link name", "found " + found.length() + " bytes, and no file system holds such a link");
    }
    return found;
  }

  /** GNU tar takes PAX's name of the two, Go takes GNU's. */
  private @Nullable ByteString one(
      String what, @Nullable ByteString gnu, @Nullable ByteString own) {
    if (gnu != null && own != null && !gnu.equals(own)) {
      throw header.bad(what, "found " + gnu + " in GNU's header and " + own + " in PAX's");
    }
    return gnu == null ? own : gnu;
  }

  private EntryType type(char flag, ByteString name) {
    return switch (flag) {
      case '0', '\0', '7' ->
          name.latin1().endsWith("/") ? EntryType.DIRECTORY : EntryType.FILE; // v7's directories
      case 'S' -> EntryType.FILE;
      case '1' -> EntryType.HARDLINK;
      case '2' -> EntryType.SYMLINK;
      case '3' -> EntryType.CHAR_DEVICE;
      case '4' -> EntryType.BLOCK_DEVICE;
      case '5' -> EntryType.DIRECTORY;
      case '6' -> EntryType.FIFO;
      default ->
          throw header.bad(
              "type", "found '" + ByteString.utf8(String.valueOf(flag)) + "' for " + name);
    };
  }

  /**
   * How many bytes of the archive are this entry's content.
   *
   * <p>Only files have content. On a hard link, writers of old gave the file's size without its
   * bytes, and every reader knows it; on anything else readers differ in whether bytes follow.
   */
  private long archived(@Nullable PaxRecords records, EntryType type) {
    boolean own = records != null && records.size >= 0;
    long size = own && records != null ? records.size : header.size();
    if (type == EntryType.FILE) {
      return size;
    }
    if (size != 0 && (own || type != EntryType.HARDLINK)) {
      throw header.bad("size", "found " + size + " for a " + type + ", which has no content");
    }
    return 0;
  }

  /** Sets the content up, which takes blocks after the header where a sparse file's map lies. */
  private long content(@Nullable PaxRecords records, char flag, EntryType type, long archived)
      throws IOException {
    PaxSparse sparse = records == null || !records.sparse.isPresent() ? null : records.sparse;
    if (flag != 'S' && sparse == null) {
      content = TarContent.plain(in, archived);
      return archived;
    }
    if (sparse != null && (flag == 'S' || type != EntryType.FILE)) {
      throw header.bad("type", "found '" + flag + "' with a PAX sparse map");
    }
    SparseReader reader = new SparseReader(in, limits, header, offset);
    content = sparse == null ? reader.gnu(archived) : reader.pax(sparse, archived);
    return content.size();
  }

  /** What global headers have said so far. */
  private static final class GlobalDefaults {
    private long uid = -1;
    private long gid = -1;
    private boolean hasMtime;
    private long seconds;
    private int nanos;

    void add(PaxRecords records) {
      uid = records.uid >= 0 ? records.uid : uid;
      gid = records.gid >= 0 ? records.gid : gid;
      if (records.hasMtime) {
        hasMtime = true;
        seconds = records.mtimeSeconds;
        nanos = records.mtimeNanos;
      }
    }

    long uid(TarHeader header) {
      return uid >= 0 ? uid : header.uid();
    }

    long gid(TarHeader header) {
      return gid >= 0 ? gid : header.gid();
    }

    long seconds(TarHeader header) {
      return hasMtime ? seconds : header.mtime();
    }

    int nanos() {
      return nanos;
    }
  }
}

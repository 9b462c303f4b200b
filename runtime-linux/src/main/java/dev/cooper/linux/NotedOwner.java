package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The owner that a file has in its image, noted in an extended attribute of it where a single id
 * owns every file: {@code uid:gid} in decimal.
 */
record NotedOwner(long uid, long gid) {
  static final ByteString NAME = ByteString.utf8("user.cooper.owner");

  /** The kernel takes the one above for "as it is". */
  static final long HIGHEST_ID = 0xffff_fffeL;

  private static final Pattern TEXT = Pattern.compile("([0-9]{1,10}):([0-9]{1,10})");

  /** What an attribute says, which a command may have written: null if that is no owner. */
  static @Nullable NotedOwner parse(ByteString text) {
    Matcher ids = TEXT.matcher(text.latin1());
    if (!ids.matches()) {
      return null;
    }
    NotedOwner owner = new NotedOwner(Long.parseLong(ids.group(1)), Long.parseLong(ids.group(2)));
    return Math.max(owner.uid, owner.gid) > HIGHEST_ID ? null : owner;
  }

  ByteString text() {
    return ByteString.utf8(uid + ":" + gid);
  }
}

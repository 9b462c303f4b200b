package dev.cooper.oci.compress;

import dev.cooper.oci.ContentException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Unpacks gzip (RFC 1952): one or more members, each checked against its trailer, and nothing after
 * them.
 */
final class GzipInput extends InputStream {
  private static final int HEADER_CRC = 2;
  private static final int EXTRA = 4;
  private static final int NAME = 8;
  private static final int COMMENT = 16;
  private static final int RESERVED = 0xe0;
  private static final int MAX_TEXT = 1 << 16;

  private final InputStream in;
  private final Inflater inflater = new Inflater(true);
  private final CRC32 crc = new CRC32();
  private final byte[] packed = new byte[256 * 1024];
  private int position;
  private int limit;
  private long taken;
  private boolean inMember;
  private boolean ended;
  private boolean first = true;

  GzipInput(InputStream in) {
    this.in = in;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, target.length);
    if (length == 0) {
      return 0;
    }
    while (!ended) {
      if (!inMember && !beginMember()) {
        ended = true;
        break;
      }
      int n = inflate(target, offset, length);
      if (n > 0) {
        crc.update(target, offset, n);
        return n;
      }
      endMember();
    }
    return -1;
  }

  /** Gives 0 at the member's end. */
  private int inflate(byte[] target, int offset, int length) throws IOException {
    try {
      while (true) {
        int n = inflater.inflate(target, offset, length);
        if (n > 0 || inflater.finished()) {
          return n;
        }
        if (inflater.needsDictionary()) {
          throw bad("it wants a preset dictionary");
        }
        if (!fill()) {
          throw bad("it ends within compressed data");
        }
        inflater.setInput(packed, position, limit - position);
        position = limit;
      }
    } catch (DataFormatException e) {
      throw new ContentException(
          "gzip content is bad near byte " + taken + ": " + e.getMessage(), e);
    }
  }

  private boolean fill() throws IOException {
    position = 0;
    limit = Math.max(0, in.read(packed, 0, packed.length));
    taken += limit;
    return limit > 0;
  }

  /** Reads a member's header; false where the stream ends instead. */
  private boolean beginMember() throws IOException {
    if (!first && position == limit && !fill()) {
      return false;
    }
    first = false;
    CRC32 header = new CRC32();
    if (octet(header) != 0x1f || octet(header) != 0x8b || octet(header) != 8) {
      throw bad("found no gzip header");
    }
    int flags = octet(header);
    skip(header, 6);
    if ((flags & RESERVED) != 0) {
      throw bad("its header has reserved flags");
    }
    if ((flags & EXTRA) != 0) {
      skip(header, octet(header) | octet(header) << 8);
    }
    if ((flags & NAME) != 0) {
      skipText(header);
    }
    if ((flags & COMMENT) != 0) {
      skipText(header);
    }
    if ((flags & HEADER_CRC) != 0) {
      int expected = (int) header.getValue() & 0xffff;
      if ((octet(header) | octet(header) << 8) != expected) {
        throw bad("its header's checksum is wrong");
      }
    }
    inflater.reset();
    inflater.setInput(packed, position, limit - position);
    position = limit;
    crc.reset();
    inMember = true;
    return true;
  }

  private void skip(CRC32 header, int count) throws IOException {
    for (int i = 0; i < count; i++) {
      octet(header);
    }
  }

  private void skipText(CRC32 header) throws IOException {
    for (int i = 0; octet(header) != 0; i++) {
      if (i == MAX_TEXT) {
        throw bad("its header holds a name of more than " + MAX_TEXT + " bytes");
      }
    }
  }

  private int octet(CRC32 header) throws IOException {
    if (position == limit && !fill()) {
      throw bad("it ends within a header or trailer");
    }
    int octet = packed[position++] & 0xff;
    header.update(octet);
    return octet;
  }

  private void endMember() throws IOException {
    position = limit - inflater.getRemaining();
    long found = word();
    if (found != crc.getValue()) {
      throw bad("its content's checksum is wrong");
    }
    if (word() != (inflater.getBytesWritten() & 0xffffffffL)) {
      throw bad("its content's length is wrong");
    }
    inMember = false;
  }

  private long word() throws IOException {
    CRC32 unused = new CRC32();
    long word = 0;
    for (int i = 0; i < 4; i++) {
      word |= (long) octet(unused) << (8 * i);
    }
    return word;
  }

  private ContentException bad(String found) {
    return new ContentException("gzip content is bad near byte " + taken + ": " + found);
  }

  @Override
  public void close() throws IOException {
    ended = true;
    inflater.end();
    in.close();
  }
}

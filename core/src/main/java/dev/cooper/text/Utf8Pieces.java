package dev.cooper.text;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Decodes UTF-8 that comes in pieces cut anywhere: the bytes of a character that is not complete
 * wait for the next piece. Not thread-safe.
 */
public final class Utf8Pieces {
  /** A character has at most four bytes, so three may wait. */
  private static final int LONGEST = 4;

  private final CharsetDecoder decoder =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .onUnmappableCharacter(CodingErrorAction.REPLACE);
  private byte[] waiting = {};

  /** The characters that are complete with this piece; U+FFFD for what is no UTF-8. */
  public String decode(byte[] source, int offset, int length) {
    ByteBuffer in = ByteBuffer.allocate(waiting.length + length);
    in.put(waiting).put(source, offset, length).flip();
    CharBuffer out = CharBuffer.allocate(in.remaining() + 1);
    decoder.decode(in, out, false);
    waiting = new byte[in.remaining()];
    in.get(waiting);
    return out.flip().toString();
  }

  /** What the bytes that still wait stand for, when none follows. */
  public String end() {
    CharBuffer out = CharBuffer.allocate(LONGEST);
    decoder.decode(ByteBuffer.wrap(waiting), out, true);
    decoder.flush(out);
    decoder.reset();
    waiting = new byte[0];
    return out.flip().toString();
  }
}

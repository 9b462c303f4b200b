package dev.cooper.oci;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.StreamWriteFeature;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * JSON as plain Java values: {@code Map}, {@code List}, {@code String}, {@code Boolean}, {@code
 * Long}, {@code BigInteger}, {@code BigDecimal} and null.
 *
 * <p>Reads strictly (RFC 8259, valid UTF-8, no key twice, bounded size and depth): what two parsers
 * could understand differently is refused. Writes the shortest form, in the order given.
 * Thread-safe.
 */
public final class Json {
  /** Far deeper than any real document, far shallower than any stack. */
  private static final int MAX_DEPTH = 64;

  private static final int MAX_NUMBER_LENGTH = 100;

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(StreamWriteFeature.AUTO_CLOSE_CONTENT)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxNumberLength(MAX_NUMBER_LENGTH)
                  .maxNameLength(ImageLimits.MAX_DOCUMENT_BYTES)
                  .maxStringLength(ImageLimits.MAX_DOCUMENT_BYTES)
                  .build())
          .build();

  private Json() {}

  /**
   * Reads the one object that the bytes hold.
   *
   * @param bytes JSON in UTF-8, at most {@link ImageLimits#MAX_DOCUMENT_BYTES} bytes
   * @param what what they are; each message begins with it
   * @return the object
   * @throws ContentException if they are anything else, or a name is there twice
   */
  public static JsonObject parse(byte[] bytes, String what) {
    Object value = parseValue(bytes, what);
    if (value instanceof Map<?, ?> map) {
      return new JsonObject(what, map);
    }
    throw new ContentException(what + ": found " + kind(value) + ", expected a JSON object");
  }

  /**
   * Reads the one array of objects that the bytes hold.
   *
   * @param bytes JSON in UTF-8, at most {@link ImageLimits#MAX_DOCUMENT_BYTES} bytes
   * @param what what they are; each message begins with it
   * @return the objects
   * @throws ContentException if they are anything else, or a name is there twice
   */
  public static List<JsonObject> parseArray(byte[] bytes, String what) {
    Object value = parseValue(bytes, what);
    if (value instanceof List<?> list) {
      return JsonObject.objects(what, list);
    }
    throw new ContentException(what + ": found " + kind(value) + ", expected a JSON array");
  }

  private static @Nullable Object parseValue(byte[] bytes, String what) {
    if (bytes.length > ImageLimits.MAX_DOCUMENT_BYTES) {
      throw new ContentException(
          what
              + ": found "
              + bytes.length
              + " bytes, expected at most "
              + ImageLimits.MAX_DOCUMENT_BYTES);
    }
    try (JsonParser parser = FACTORY.createParser(decode(bytes, what))) {
      Object value = value(parser, parser.nextToken(), what);
      JsonToken after = parser.nextToken();
      if (after != null) {
        throw new ContentException(what + ": found more after the JSON value's end");
      }
      return value;
    } catch (JsonProcessingException e) {
      throw new ContentException(
          what + ": found no valid JSON: " + Text.quote(e.getOriginalMessage()), e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A byte order mark is refused as Go's decoder, and so Docker, refuses it (RFC 8259, 8.1). */
  private static String decode(byte[] bytes, String what) {
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      if (text.startsWith("\ufeff")) {
        throw new ContentException(
            what
                + ": found no valid JSON, but a byte order mark (U+FEFF) before it, which Docker"
                + " refuses too: write it without one");
      }
      return text;
    } catch (CharacterCodingException e) {
      throw new ContentException(what + ": found bytes that are not UTF-8", e);
    }
  }

  private static @Nullable Object value(JsonParser parser, @Nullable JsonToken token, String what)
      throws IOException {
    if (token == null) {
      throw new ContentException(what + ": found nothing, expected JSON");
    }
    return switch (token) {
      case START_OBJECT -> object(parser, what);
      case START_ARRAY -> array(parser, what);
      case VALUE_STRING -> wellFormed(parser.getText(), what);
      case VALUE_NUMBER_INT -> integer(parser.getBigIntegerValue());
      case VALUE_NUMBER_FLOAT -> decimal(parser, what);
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case VALUE_NULL -> null;
      default -> throw new ContentException(what + ": found " + token + ", expected a JSON value");
    };
  }

  private static Map<String, @Nullable Object> object(JsonParser parser, String what)
      throws IOException {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String name = wellFormed(parser.currentName(), what);
      map.put(name, value(parser, parser.nextToken(), what));
    }
    return map;
  }

  private static List<@Nullable Object> array(JsonParser parser, String what) throws IOException {
    List<@Nullable Object> list = new ArrayList<>();
    for (JsonToken t = parser.nextToken(); t != JsonToken.END_ARRAY; t = parser.nextToken()) {
      list.add(value(parser, t, what));
    }
    return list;
  }

  /** Half a surrogate pair, which only an escape can smuggle in, has no UTF-8 to be written as. */
  private static String wellFormed(String text, String what) {
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
      throw new ContentException(
          what
              + ": found half a surrogate pair in "
              + Text.quote(text)
              + ", expected Unicode text");
    }
    return text;
  }

  private static Object integer(BigInteger value) {
    return value.bitLength() < Long.SIZE ? (Object) value.longValueExact() : value;
  }

  /** What would be written without point and exponent, such as 1e0, would be read as an integer. */
  private static Object decimal(JsonParser parser, String what) throws IOException {
    try {
      BigDecimal value = new BigDecimal(parser.getText());
      return value.scale() == 0 ? integer(value.unscaledValue()) : value;
    } catch (NumberFormatException e) {
      throw new ContentException(
          what + ": found the number " + parser.getText() + ", whose exponent is out of range", e);
    }
  }

  /** What a message calls a value. */
  static String kind(@Nullable Object value) {
    if (value == null) {
      return "null";
    } else if (value instanceof Map) {
      return "an object";
    } else if (value instanceof List) {
      return "an array";
    } else if (value instanceof String text) {
      return "the string " + Text.quote(text);
    }
    return value.toString();
  }

  /**
   * What Go's decoder compares names by, where one of them is ASCII: letters without case, and the
   * two characters beyond ASCII that Unicode folds to ASCII letters, the long s (U+017F) and the
   * Kelvin sign (U+212A).
   */
  static String folded(String name) {
    StringBuilder folded = new StringBuilder(name.length());
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      boolean upper = c >= 'A' && c <= 'Z';
      folded.append(upper ? (char) (c + 32) : c == '\u017f' ? 's' : c == '\u212a' ? 'k' : c);
    }
    return folded.toString();
  }

  /** An unmodifiable deep copy with sorted keys, so that equal values have equal bytes. */
  static Map<String, @Nullable Object> freeze(Map<String, ? extends @Nullable Object> extra) {
    Map<String, @Nullable Object> sorted = new TreeMap<>();
    extra.forEach((name, value) -> sorted.put(name, frozen(value)));
    return Collections.unmodifiableMap(sorted);
  }

  /** The same, refusing a name that has a component of its own, in whatever spelling. */
  static Map<String, @Nullable Object> freezeExtra(
      Map<String, ? extends @Nullable Object> extra, Set<String> known) {
    if (!extra.isEmpty()) {
      requireOthers(extra.keySet(), known);
    }
    return freeze(extra);
  }

  private static void requireOthers(Set<String> names, Set<String> known) {
    Set<String> folded = new HashSet<>();
    known.forEach(each -> folded.add(folded(each)));
    for (String name : names) {
      if (folded.contains(folded(name))) {
        throw new IllegalArgumentException(
            "extra field " + Text.quote(name) + " has its own place");
      }
    }
  }

  private static @Nullable Object frozen(@Nullable Object value) {
    if (value == null
        || value instanceof String
        || value instanceof Boolean
        || value instanceof BigDecimal) {
      return value;
    } else if (value instanceof Map<?, ?> map) {
      return freeze(checkedMap(map));
    } else if (value instanceof List<?> list) {
      List<@Nullable Object> copy = new ArrayList<>(list.size());
      list.forEach(element -> copy.add(frozen(element)));
      return Collections.unmodifiableList(copy);
    } else if (value instanceof Integer || value instanceof Long) {
      return ((Number) value).longValue();
    } else if (value instanceof BigInteger number) {
      return integer(number);
    }
    throw noForm(value);
  }

  static Map<String, @Nullable Object> checkedMap(Map<?, ?> map) {
    Map<String, @Nullable Object> checked = new LinkedHashMap<>();
    map.forEach((name, value) -> checked.put((String) name, value));
    return checked;
  }

  /**
   * The canonical bytes: UTF-8, no white space, no escape that JSON does not demand.
   *
   * @param tree a map, a list or a single value, of the types that reading gives
   * @return JSON
   * @throws IllegalArgumentException if it holds another type, or text that has no UTF-8 form
   */
  public static byte[] write(@Nullable Object tree) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonGenerator generator = FACTORY.createGenerator(out)) {
      write(generator, tree);
    } catch (IOException e) {
      throw new IllegalArgumentException("text that has no UTF-8 form: " + e.getMessage(), e);
    }
    return out.toByteArray();
  }

  private static void write(JsonGenerator out, @Nullable Object value) throws IOException {
    if (value instanceof Map<?, ?> map) {
      out.writeStartObject();
      for (Map.Entry<?, ?> field : map.entrySet()) {
        out.writeFieldName((String) field.getKey());
        write(out, field.getValue());
      }
      out.writeEndObject();
    } else if (value instanceof List<?> list) {
      out.writeStartArray();
      for (Object element : list) {
        write(out, element);
      }
      out.writeEndArray();
    } else if (value instanceof String text) {
      out.writeString(text);
    } else if (value instanceof BigDecimal || value instanceof BigInteger) {
      out.writeNumber(value.toString());
    } else if (value instanceof Number number) {
      out.writeNumber(number.longValue());
    } else if (value instanceof Boolean truth) {
      out.writeBoolean(truth);
    } else if (value == null) {
      out.writeNull();
    } else {
      throw noForm(value);
    }
  }

  private static IllegalArgumentException noForm(Object value) {
    return new IllegalArgumentException("a " + value.getClass().getName() + " has no JSON form");
  }
}

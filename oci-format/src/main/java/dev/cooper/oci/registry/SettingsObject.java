package dev.cooper.oci.registry;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.dataformat.toml.TomlFactory;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.Json;
import dev.cooper.oci.Text;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One object of a settings file, JSON's or TOML's.
 *
 * <p>Null counts as absent. What has another type is refused, naming the place but never the value,
 * nor what the parser makes of it: it may be a secret in the wrong place. Immutable.
 */
final class SettingsObject {
  private static final int MAX_DEPTH = 32;
  private static final JsonFactory JSON = new JsonFactory();
  private static final TomlFactory TOML = toml();

  private final String where;
  private final Map<?, ?> fields;

  private SettingsObject(String where, Map<?, ?> fields) {
    this.where = where;
    this.fields = fields;
  }

  private static TomlFactory toml() {
    TomlFactory factory = new TomlFactory();
    factory.setStreamReadConstraints(
        StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).maxNumberLength(100).build());
    return factory;
  }

  /**
   * Reads JSON.
   *
   * @param where whose it is; each message begins with it
   * @throws ContentException if it is no JSON object; its cause is left out, as it would quote
   */
  static SettingsObject json(String where, byte[] bytes) {
    try {
      return new SettingsObject(where + ":", Json.parse(bytes, where).rest());
    } catch (ContentException e) {
      throw new ContentException(where + fault(bytes) + ": found no valid JSON object");
    }
  }

  /**
   * Reads TOML.
   *
   * @param where whose it is; each message begins with it
   * @throws ContentException if it is none
   */
  static SettingsObject toml(String where, byte[] bytes) throws IOException {
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new ContentException(where + ": found bytes that are not UTF-8", e);
    }
    try (JsonParser parser = TOML.createParser(text)) {
      Object value = value(where, parser, parser.nextToken(), 0);
      return new SettingsObject(where + ":", value instanceof Map<?, ?> map ? map : Map.of());
    } catch (JsonProcessingException e) {
      throw new ContentException(
          where + place(e) + ": found no valid TOML: " + Text.quote(e.getOriginalMessage()), e);
    }
  }

  /** Where the bytes stop being JSON; nothing where only their meaning is wrong. */
  private static String fault(byte[] bytes) {
    try (JsonParser parser = JSON.createParser(bytes)) {
      while (parser.nextToken() != null) {
        // To the end, or to the fault.
      }
      return "";
    } catch (IOException e) {
      return place(e);
    }
  }

  private static String place(@Nullable Throwable failure) {
    return failure instanceof JsonProcessingException e && e.getLocation() != null
        ? ", line " + e.getLocation().getLineNr() + ", column " + e.getLocation().getColumnNr()
        : "";
  }

  /** Dotted keys can be deeper than what the parser's own limit counts. */
  private static Object value(String where, JsonParser parser, JsonToken token, int depth)
      throws IOException {
    if (depth > MAX_DEPTH) {
      throw new ContentException(where + ": found more than " + MAX_DEPTH + " levels");
    }
    return switch (token) {
      case START_OBJECT -> table(where, parser, depth + 1);
      case START_ARRAY -> array(where, parser, depth + 1);
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
      default -> parser.getText();
    };
  }

  private static Map<String, Object> table(String where, JsonParser parser, int depth)
      throws IOException {
    Map<String, Object> map = new LinkedHashMap<>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String name = parser.currentName();
      map.put(name, value(where, parser, parser.nextToken(), depth));
    }
    return map;
  }

  private static List<Object> array(String where, JsonParser parser, int depth) throws IOException {
    List<Object> list = new ArrayList<>();
    for (JsonToken t = parser.nextToken(); t != JsonToken.END_ARRAY; t = parser.nextToken()) {
      list.add(value(where, parser, t, depth));
    }
    return list;
  }

  boolean has(String name) {
    return fields.get(name) != null;
  }

  /** The names of the fields that are there. */
  Set<String> names() {
    Set<String> names = new LinkedHashSet<>();
    fields.keySet().forEach(each -> names.add((String) each));
    return names;
  }

  Optional<String> text(String name) {
    return take(name, String.class, "a string");
  }

  boolean flag(String name) {
    return take(name, Boolean.class, "true or false").orElse(false);
  }

  Optional<SettingsObject> object(String name) {
    return take(name, Map.class, "an object").map(map -> new SettingsObject(at(name), map));
  }

  /** The objects of an array; none if it is absent. */
  List<SettingsObject> objects(String name) {
    List<SettingsObject> objects = new ArrayList<>();
    for (Object each : take(name, List.class, "an array").orElse(List.of())) {
      String at = at(name) + "[" + objects.size() + "]";
      if (!(each instanceof Map<?, ?> map)) {
        throw wrong(at, each, "an object");
      }
      objects.add(new SettingsObject(at, map));
    }
    return objects;
  }

  /** The texts of an array; empty if it is absent. */
  Optional<List<String>> texts(String name) {
    if (!has(name)) {
      return Optional.empty();
    }
    List<String> texts = new ArrayList<>();
    for (Object each : take(name, List.class, "an array").orElse(List.of())) {
      if (!(each instanceof String text)) {
        throw wrong(at(name) + "[" + texts.size() + "]", each, "a string");
      }
      texts.add(text);
    }
    return Optional.of(texts);
  }

  /** What is to be thrown if this object is not what it has to be. */
  ContentException malformed(String problem) {
    return new ContentException(where + " " + problem);
  }

  /** The same for one of its fields. */
  ContentException malformed(String name, String problem) {
    return new ContentException(at(name) + ": " + problem);
  }

  /** Makes something of a field; what its maker refuses is told with its place. */
  <T> T checked(String name, Supplier<T> maker) {
    return checkedAt(at(name) + ": ", maker);
  }

  /** Makes something of this object; what its maker refuses is told with its place. */
  <T> T checked(Supplier<T> maker) {
    return checkedAt(where + " ", maker);
  }

  private static <T> T checkedAt(String at, Supplier<T> maker) {
    try {
      return maker.get();
    } catch (ContentException e) {
      throw new ContentException(at + e.getMessage(), e);
    }
  }

  private <T> Optional<T> take(String name, Class<T> type, String expected) {
    Object value = fields.get(name);
    if (value != null && !type.isInstance(value)) {
      throw wrong(at(name), value, expected);
    }
    return Optional.ofNullable(type.cast(value));
  }

  private String at(String name) {
    boolean plain = name.matches("[A-Za-z0-9_-]{1,100}");
    String separator = where.endsWith(":") ? " " : ".";
    return where + (plain ? separator + name : "[" + Text.quote(name) + "]");
  }

  private static ContentException wrong(String at, @Nullable Object found, String expected) {
    return new ContentException(at + ": found " + kind(found) + ", expected " + expected);
  }

  private static String kind(@Nullable Object value) {
    if (value == null) {
      return "null";
    } else if (value instanceof Map) {
      return "an object";
    } else if (value instanceof List) {
      return "an array";
    } else if (value instanceof String) {
      return "a string";
    }
    return value instanceof Boolean ? "true or false" : "a number";
  }
}

package dev.cooper.oci;

import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One JSON object while it is being read: each field is taken once, by the type it has to have, and
 * what nobody took is {@link #rest()}.
 *
 * <p>A null counts as absent, as Go's encoder writes a nil map or slice that way. What has another
 * type is refused with a {@link ContentException} that names the field, what was found and what was
 * expected; so is another spelling of a field that is asked for, which Go's decoder would take for
 * it ({@code Layers}, or {@code layer\u017f} with a long s). Not thread-safe.
 */
public final class JsonObject {
  private final String where;
  private final Map<String, @Nullable Object> fields;

  /** The fields that there were, by what Go's decoder compares; null until one is asked for. */
  private @Nullable Map<String, List<String>> spellings;

  JsonObject(String where, Map<?, ?> fields) {
    this.where = where;
    this.fields = Json.checkedMap(fields);
  }

  String where() {
    return where;
  }

  /**
   * Whether a field is there, be it null, and was not taken yet.
   *
   * @param name the field
   * @return true if it is left
   */
  public boolean has(String name) {
    refuseLookalike(name);
    return fields.containsKey(name);
  }

  /**
   * The fields that were not taken, for a read-write cycle.
   *
   * @return a copy, in their order
   */
  public Map<String, @Nullable Object> rest() {
    return new LinkedHashMap<>(fields);
  }

  /**
   * Refuses fields that a reader in Go, which folds letters, would take for one of these: two
   * readers must not see two different images.
   */
  void refuseLookalikes(Set<String> names) {
    names.forEach(this::refuseLookalike);
  }

  /** The same of one field; each that is taken or looked for is checked. */
  private void refuseLookalike(String name) {
    for (String each : spellings().getOrDefault(Json.folded(name), List.of())) {
      if (!each.equals(name)) {
        throw new ContentException(
            at(each) + ": found this spelling, expected " + Text.quote(name));
      }
    }
  }

  private Map<String, List<String>> spellings() {
    Map<String, List<String>> known = spellings;
    if (known == null) {
      known = new HashMap<>();
      for (String name : fields.keySet()) {
        known.computeIfAbsent(Json.folded(name), folded -> new ArrayList<>(1)).add(name);
      }
      spellings = known;
    }
    return known;
  }

  /** Refuses a field that belongs to another type of document. */
  void refuse(String name, String why) {
    refuseLookalike(name);
    if (fields.containsKey(name)) {
      throw wrong(name, "it", "none: " + why);
    }
  }

  /**
   * Takes a text that has to be there.
   *
   * @param name the field
   * @return its value
   * @throws ContentException if it is absent or has another type
   */
  public String string(String name) {
    return required(name, optionalString(name), "a string");
  }

  /**
   * Takes a text.
   *
   * @param name the field
   * @param otherwise what counts if it is absent
   * @return its value
   * @throws ContentException if it has another type
   */
  public String stringOr(String name, String otherwise) {
    String value = optionalString(name);
    return value == null ? otherwise : value;
  }

  /**
   * Takes a text.
   *
   * @param name the field
   * @return its value, or null if it is absent
   * @throws ContentException if it has another type
   */
  public @Nullable String optionalString(String name) {
    return take(name, String.class, "a string");
  }

  /**
   * Takes a truth value.
   *
   * @param name the field
   * @return its value, or false if it is absent
   * @throws ContentException if it has another type
   */
  public boolean flag(String name) {
    return Boolean.TRUE.equals(take(name, Boolean.class, "true or false"));
  }

  /**
   * Takes an integer.
   *
   * @param name the field
   * @param otherwise what counts if it is absent
   * @return its value
   * @throws ContentException if it has another type, or does not fit 64 bits
   */
  public long integerOr(String name, long otherwise) {
    Long value = take(name, Long.class, "an integer below 2^63");
    return value == null ? otherwise : value;
  }

  long size(String name) {
    long size = required(name, take(name, Long.class, "a size below 2^63"), "a size in bytes");
    if (size < 0) {
      throw wrong(name, String.valueOf(size), "a size from 0 to 2^63-1");
    }
    return size;
  }

  /** A value with a text form of its own; what its parser refuses is told with its place. */
  <T> @Nullable T parsed(String name, Function<String, T> parser) {
    String text = optionalString(name);
    return text == null ? null : parsed(at(name), text, parser);
  }

  private static <T> T parsed(String at, String text, Function<String, T> parser) {
    try {
      return parser.apply(text);
    } catch (ContentException | IllegalArgumentException | java.time.DateTimeException e) {
      throw new ContentException(at + ": " + e.getMessage(), e);
    }
  }

  <T> T required(String name, @Nullable T value, String expected) {
    if (value == null) {
      throw wrong(name, "none", expected);
    }
    return value;
  }

  @Nullable ByteString base64(String name) {
    return parsed(name, text -> ByteString.of(Base64.getDecoder().decode(text)));
  }

  /**
   * Takes an object that has to be there.
   *
   * @param name the field
   * @return the object
   * @throws ContentException if it is absent or has another type
   */
  public JsonObject object(String name) {
    return required(name, optionalObject(name), "an object");
  }

  /**
   * Takes an object.
   *
   * @param name the field
   * @return the object, or null if it is absent
   * @throws ContentException if it has another type
   */
  public @Nullable JsonObject optionalObject(String name) {
    Map<?, ?> map = take(name, Map.class, "an object");
    return map == null ? null : new JsonObject(at(name), map);
  }

  /** The elements of an array that has to be there, be it null, which Docker reads as empty. */
  List<JsonObject> requiredObjects(String name) {
    if (!has(name)) {
      throw wrong(name, "none", "an array of objects");
    }
    return objects(name);
  }

  /**
   * Takes an array of objects.
   *
   * @param name the field
   * @return the objects, none if it is absent
   * @throws ContentException if it or an element has another type
   */
  public List<JsonObject> objects(String name) {
    return objects(at(name), list(name, "an array of objects"));
  }

  static List<JsonObject> objects(String where, List<?> list) {
    List<JsonObject> objects = new ArrayList<>();
    for (Object element : list) {
      String at = where + "[" + objects.size() + "]";
      if (!(element instanceof Map<?, ?> map)) {
        throw new ContentException(at + ": found " + Json.kind(element) + ", expected an object");
      }
      objects.add(new JsonObject(at, map));
    }
    return objects;
  }

  /**
   * Takes an array of texts.
   *
   * @param name the field
   * @return the texts, none if it is absent
   * @throws ContentException if it or an element has another type
   */
  public List<String> strings(String name) {
    return strings(name, Function.identity());
  }

  /** Texts, where Docker takes one text for a list of it. */
  List<String> words(String name) {
    if (fields.get(name) instanceof String) {
      return List.of(string(name));
    }
    return strings(name);
  }

  <T> List<T> strings(String name, Function<String, T> parser) {
    List<T> strings = new ArrayList<>();
    for (Object element : list(name, "an array of strings")) {
      String at = at(name) + "[" + strings.size() + "]";
      if (!(element instanceof String text)) {
        throw new ContentException(at + ": found " + Json.kind(element) + ", expected a string");
      }
      strings.add(parsed(at, text, parser));
    }
    return strings;
  }

  /**
   * Takes an object of texts.
   *
   * @param name the field
   * @return the texts by their names, none if it is absent
   * @throws ContentException if it or a value has another type
   */
  public SortedMap<String, String> stringMap(String name) {
    SortedMap<String, String> strings = new TreeMap<>();
    JsonObject object = optionalObject(name);
    if (object != null) {
      for (Map.Entry<String, @Nullable Object> field : object.fields.entrySet()) {
        if (!(field.getValue() instanceof String text)) {
          throw object.wrong(field.getKey(), Json.kind(field.getValue()), "a string");
        }
        strings.put(field.getKey(), text);
      }
    }
    return strings;
  }

  /** The names of an object that stands for a set: each value is an empty object. */
  SortedSet<String> names(String name) {
    SortedSet<String> names = new TreeSet<>();
    JsonObject object = optionalObject(name);
    if (object != null) {
      for (Map.Entry<String, @Nullable Object> field : object.fields.entrySet()) {
        Object value = field.getValue();
        if (value != null && !(value instanceof Map<?, ?> map && map.isEmpty())) {
          throw object.wrong(field.getKey(), Json.kind(value), "an empty object");
        }
        names.add(field.getKey());
      }
    }
    return names;
  }

  /**
   * What is to be thrown if a field is not what it has to be.
   *
   * @param name the field
   * @param found what is there
   * @param expected what should be
   * @return an exception that names this object's place too
   */
  public ContentException wrong(String name, String found, String expected) {
    return new ContentException(at(name) + ": found " + found + ", expected " + expected);
  }

  private String at(String name) {
    boolean plain = name.matches("[A-Za-z0-9_.-]{1,100}");
    return where + (plain ? "." + name : "[" + Text.quote(name) + "]");
  }

  private List<?> list(String name, String expected) {
    List<?> list = take(name, List.class, expected);
    return list == null ? List.of() : list;
  }

  /**
   * Takes a field of whatever type: a hint, which no reader has to understand.
   *
   * @param name the field
   * @return its value as a plain Java value, or null if it is absent
   */
  public @Nullable Object hint(String name) {
    refuseLookalike(name);
    return fields.remove(name);
  }

  private <T> @Nullable T take(String name, Class<T> type, String expected) {
    refuseLookalike(name);
    Object value = fields.remove(name);
    if (value == null) {
      return null;
    }
    if (!type.isInstance(value)) {
      throw wrong(name, Json.kind(value), expected);
    }
    return type.cast(value);
  }

  /** Where it stands, and which members it has; no value, which may be secret. */
  @Override
  public String toString() {
    return "JsonObject[" + where + ", " + fields.keySet() + "]";
  }
}

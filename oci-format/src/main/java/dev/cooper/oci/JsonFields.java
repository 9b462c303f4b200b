package dev.cooper.oci;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One JSON object while it is being written: fields in the order they come, empty ones left out.
 */
final class JsonFields {
  private final Map<String, @Nullable Object> fields = new LinkedHashMap<>();

  /** A field that is written even if empty. */
  JsonFields put(String name, Object value) {
    fields.put(name, value);
    return this;
  }

  /** A field that is left out if null, an empty text, an empty collection, false or zero. */
  JsonFields add(String name, @Nullable Object value) {
    boolean empty =
        value == null
            || value.equals("")
            || value.equals(false)
            || value.equals(0L)
            || (value instanceof Collection<?> list && list.isEmpty())
            || (value instanceof Map<?, ?> map && map.isEmpty());
    if (!empty) {
      fields.put(name, value);
    }
    return this;
  }

  /** A set, as an object with an empty object for each name. */
  JsonFields addNames(String name, Collection<String> names) {
    Map<String, Object> set = new LinkedHashMap<>();
    names.forEach(each -> set.put(each, Map.of()));
    return add(name, set);
  }

  Map<String, @Nullable Object> with(Map<String, @Nullable Object> extra) {
    fields.putAll(extra);
    return fields;
  }
}

package dev.cooper.oci.registry;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What a token has to allow. Immutable.
 *
 * <p>Source: the distribution project's "Token Scope Documentation".
 *
 * @param actions by resource, such as pull and push by {@code repository:library/debian}
 */
record Scopes(SortedMap<String, SortedSet<String>> actions) {
  private static final int MAX = 4096;
  private static final String RESOURCE = "[a-z0-9]+(\\([a-z0-9]+\\))?:[A-Za-z0-9._:/-]{1,512}";
  private static final String ACTIONS = "[a-z*]+(,[a-z*]+)*";

  static final Scopes NONE = new Scopes(new TreeMap<>());

  Scopes {
    actions = Collections.unmodifiableSortedMap(actions);
  }

  static Scopes pull(String repository) {
    return of("repository:" + repository, List.of("pull"));
  }

  static Scopes push(String repository) {
    return of("repository:" + repository, List.of("pull", "push"));
  }

  static Scopes delete(String repository) {
    return of("repository:" + repository, List.of("pull", "delete"));
  }

  static Scopes catalog() {
    return of("registry:catalog", List.of("*"));
  }

  private static Scopes of(String resource, List<String> actions) {
    SortedMap<String, SortedSet<String>> map = new TreeMap<>();
    map.put(resource, new TreeSet<>(actions));
    return new Scopes(map);
  }

  /** Reads a challenge's; what is no scope in it counts as nothing. */
  static Scopes parse(String text) {
    Scopes all = NONE;
    for (String each : text.substring(0, Math.min(text.length(), MAX)).split(" ")) {
      int colon = each.lastIndexOf(':');
      if (colon > 0
          && each.substring(0, colon).matches(RESOURCE)
          && each.substring(colon + 1).matches(ACTIONS)) {
        all = all.and(of(each.substring(0, colon), List.of(each.substring(colon + 1).split(","))));
      }
    }
    return all;
  }

  /** All that either allows. */
  Scopes and(Scopes other) {
    SortedMap<String, SortedSet<String>> both = new TreeMap<>(actions);
    other.actions.forEach(
        (resource, more) ->
            both.merge(
                resource,
                more,
                (one, two) -> {
                  SortedSet<String> merged = new TreeSet<>(one);
                  merged.addAll(two);
                  return merged;
                }));
    return new Scopes(both);
  }

  /** Each as a token service wants it, such as {@code repository:a/b:pull,push}. */
  List<String> texts() {
    List<String> texts = new ArrayList<>();
    actions.forEach((resource, what) -> texts.add(resource + ":" + String.join(",", what)));
    return texts;
  }
}

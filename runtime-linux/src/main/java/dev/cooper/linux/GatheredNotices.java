package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * What a pass over a tree has to say of its paths, as one notice for each reason and not one for
 * each path. Not thread-safe.
 */
final class GatheredNotices {
  private static final int NAMED = 3;

  private final Map<String, Paths> reasons = new LinkedHashMap<>();

  /** How many paths there are for a reason, and the first of them. */
  private static final class Paths {
    private final List<ByteString> first = new ArrayList<>();
    private int count;

    @Override
    public String toString() {
      StringBuilder all = new StringBuilder(first.get(0).toString());
      for (ByteString each : first.subList(1, first.size())) {
        all.append(", ").append(each);
      }
      return count == first.size()
          ? all.toString()
          : all.append(" and ").append(count - first.size()).append(" more").toString();
    }
  }

  void add(ByteString path, String reason) {
    Paths paths = reasons.computeIfAbsent(reason, unheard -> new Paths());
    if (paths.count++ < NAMED) {
      paths.first.add(path);
    }
  }

  /** Tells what was gathered since it was told last. */
  void tell(Consumer<String> notices) {
    reasons.forEach((reason, paths) -> notices.accept(paths + ": " + reason));
    reasons.clear();
  }
}

package dev.cooper.container;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.spi.RootView;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What is left of several steps, one after the other: of each path the last, and nothing below what
 * a later one replaced.
 *
 * <p>A directory that took the place of one of the base, which a step between them had replaced by
 * something else, is opaque: as an overlay has it. Not thread-safe.
 */
final class MergedSteps {
  private final RootView base;
  private final List<StepTar> steps = new ArrayList<>();
  private final NavigableMap<ByteString, Integer> winners = new TreeMap<>(LayerPath.ORDER);
  private final NavigableSet<ByteString> opaque = new TreeSet<>(LayerPath.ORDER);

  MergedSteps(RootView base) {
    this.base = base;
  }

  /** Adds the next step. */
  void add(StepTar step) throws IOException {
    steps.add(step);
    for (ByteString each : step.opaque()) {
      dropBelow(each);
      makeOpaque(each);
    }
    for (Map.Entry<ByteString, StepTar.Placed> each : step.index().entrySet()) {
      put(each.getKey(), each.getValue().entry().type() == EntryType.DIRECTORY);
    }
  }

  private void put(ByteString path, boolean directory) throws IOException {
    @Nullable Integer before = winners.put(path, steps.size() - 1);
    if (before == null || before == steps.size() - 1) {
      return;
    }
    StepTar.@Nullable Placed placed = steps.get(before).index().get(path);
    boolean was = placed != null && placed.entry().type() == EntryType.DIRECTORY;
    if (was && !directory) {
      dropBelow(path);
      opaque.remove(path);
    } else if (directory && !was) {
      makeOpaque(path);
    }
  }

  /** Takes away what earlier steps have below a path; what this one has there it has yet to put. */
  private void dropBelow(ByteString path) {
    drop(winners.tailMap(path, false).keySet().iterator(), path);
    drop(opaque.tailSet(path, false).iterator(), path);
  }

  private static void drop(Iterator<ByteString> after, ByteString path) {
    String below = path.latin1() + "/";
    while (after.hasNext() && after.next().latin1().startsWith(below)) {
      after.remove();
    }
  }

  private void makeOpaque(ByteString path) {
    @Nullable TarEntry there = base.entry(path);
    if (there == null || there.type() != EntryType.DIRECTORY) {
      return; // nothing of it would be seen
    }
    for (ByteString in = path; !in.isEmpty(); in = LayerPath.parent(in)) {
      if (opaque.contains(in)) {
        return;
      }
    }
    opaque.add(path);
  }

  /** Which step each path that is left is of, by its number from 0, in canonical order. */
  Map<ByteString, Integer> winners() {
    return winners;
  }

  /** Whether the directory at a path hides what the base has there. */
  boolean isOpaque(ByteString path) {
    return opaque.contains(path);
  }
}

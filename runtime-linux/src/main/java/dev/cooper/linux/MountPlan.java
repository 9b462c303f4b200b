package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import dev.cooper.spi.ProcessMount;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The mounts of one process, in the order in which they are made: each comes after that which its
 * target lies in.
 *
 * @param steps what is mounted, the outer before the inner
 * @param inDev what the container's own /dev has to hold for them
 */
record MountPlan(List<Step> steps, List<Place> inDev) {
  static final MountPlan NONE = new MountPlan(List.of(), List.of());

  MountPlan {
    steps = List.copyOf(steps);
    inDev = List.copyOf(inDev);
  }

  /**
   * One mount.
   *
   * @param mount what is mounted
   * @param target where, with all links followed; without a slash before it
   * @param places what it has to hold for those in it, if it is new and empty
   */
  record Step(ProcessMount mount, ByteString target, List<Place> places) {
    /** The target as an engine is told it, and as messages name it. */
    String path() {
      return "/" + new String(target.toBytes(), StandardCharsets.UTF_8);
    }
  }

  /** A path in a file system in memory that something is mounted on, or that leads there. */
  record Place(ByteString path, boolean directory) {}

  /** Why nothing else is mounted on a place: links lead two targets to it. */
  static String taken(String target, ByteString place) {
    return "its links lead to /"
        + place
        + ", on which "
        + target
        + " is mounted already: leave one of the two out, or give it another target";
  }

  /** The files among them, in their order. */
  List<ProcessMount.Memory> files() {
    return steps.stream()
        .map(Step::mount)
        .filter(ProcessMount.Memory.class::isInstance)
        .map(ProcessMount.Memory.class::cast)
        .toList();
  }

  /** How many places have to be made while they are mounted. */
  int places() {
    return inDev.size() + steps.stream().mapToInt(step -> step.places().size()).sum();
  }
}

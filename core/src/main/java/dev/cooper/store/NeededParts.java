package dev.cooper.store;

import dev.cooper.maintenance.DiskSpace;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Which parts of a store something still leads to, while more and more of it goes, in a time that
 * grows with what goes and not with the store. Not thread-safe.
 */
final class NeededParts {
  private final StoreInventory inventory;
  private final Map<Path, Integer> uses = new HashMap<>();
  private final Map<Path, Set<Path>> led = new HashMap<>();
  private final Set<Path> removed = new HashSet<>();
  private DiskSpace gone = DiskSpace.NONE;

  NeededParts(Store store, StoreInventory inventory) {
    this.inventory = inventory;
    use(inventory.kept());
    inventory.artifacts().values().forEach(this::use);
    for (StoreInventory.ImageNode node : inventory.images()) {
      use(node.parts());
      led.put(store.blob(node.image().descriptor().digest()), node.parts());
    }
    for (StoreInventory.ContainerNode node : inventory.containers()) {
      use(node.parts());
      led.put(node.entry().path(), node.parts());
    }
    for (Path part : inventory.parts()) {
      if (isShared(part) && !uses.containsKey(part)) {
        drop(part);
      }
    }
  }

  private void use(Set<Path> parts) {
    parts.forEach(part -> uses.merge(part, 1, Integer::sum));
  }

  /** Whether a part goes with the last of what leads to it. */
  private boolean isShared(Path part) {
    return inventory.isBlob(part) || inventory.isLayer(part);
  }

  private void drop(Path part) {
    if (removed.add(part)) {
      gone = gone.plus(inventory.size(part));
    }
  }

  /** Removes a part, and what nothing else leads to than that. */
  void remove(Path part) {
    for (Path each : led.getOrDefault(part, Set.of())) {
      if (uses.merge(each, -1, Integer::sum) == 0 && isShared(each)) {
        drop(each);
      }
    }
    led.remove(part);
    drop(part);
  }

  /** The space of what was removed, and of what nothing led to. */
  DiskSpace gone() {
    return gone;
  }
}

package dev.cooper.store;

import dev.cooper.host.HostRuntime;
import dev.cooper.io.Directories;
import dev.cooper.io.FileLocks;
import dev.cooper.maintenance.PruneOptions;
import dev.cooper.maintenance.PruneReport;
import dev.cooper.oci.Digest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Removes what options say.
 *
 * <p>What may go is chosen from an inventory, which takes a while to make; each of it is looked at
 * again under the store's lock before it goes, as somebody may have begun to use it. Not
 * thread-safe.
 */
public final class Pruning {
  private final Store store;
  private final HostRuntime runtime;
  private final PruneOptions options;
  private final List<Candidate> chosen = new ArrayList<>();

  /** Something that may go. */
  private record Candidate(
      PruneReport.Kind kind, String name, Instant lastUsed, Object what, Path part) {}

  public Pruning(Store store, HostRuntime runtime, PruneOptions options) {
    this.store = store;
    this.runtime = runtime;
    this.options = options;
  }

  public PruneReport run() throws IOException {
    StoreInventory inventory = StoreInventory.of(store, runtime);
    choose(inventory, candidates(inventory));
    if (options.dryRun()) {
      NeededParts needed = new NeededParts(store, inventory);
      chosen.forEach(each -> needed.remove(each.part));
      return report(chosen, needed.gone().onDisk());
    }
    Sweep sweep = new Sweep(store);
    List<Candidate> removed = remove(sweep);
    sweep.emptyTrash();
    store.fullDisk().fill();
    return report(removed, inventory.size(sweep.discarded()).onDisk());
  }

  private static PruneReport report(List<Candidate> removed, long bytes) {
    return new PruneReport(
        removed.stream().map(each -> new PruneReport.Pruned(each.kind, each.name)).toList(), bytes);
  }

  // --- what may go

  private List<Candidate> candidates(StoreInventory inventory) throws IOException {
    List<Candidate> all = new ArrayList<>();
    Instant before =
        options.unusedFor() == null
            ? Instant.MAX
            : store.clock().instant().minus(options.unusedFor());
    List<StoreInventory.ContainerNode> staying = containers(inventory, before, all);
    images(inventory, staying, all);
    if (options.trees()) {
      trees(inventory, staying, all);
    }
    if (options.caches()) {
      Set<String> used = Caches.used(store);
      for (Caches.Cache cache : inventory.caches()) {
        if (!used.contains(Directories.name(cache.path()))) {
          all.add(
              new Candidate(
                  PruneReport.Kind.CACHE,
                  cache.id(),
                  cache.lastUsed().toInstant(),
                  cache,
                  cache.path()));
        }
      }
    }
    all.removeIf(each -> each.lastUsed.isAfter(before));
    all.sort(Comparator.comparing(Candidate::lastUsed).thenComparing(Candidate::kind));
    return all;
  }

  /**
   * The containers that may go. What only they use goes with them, if all goes that may: which ones
   * have to go for a size is not known yet.
   *
   * @return those that stay
   */
  private List<StoreInventory.ContainerNode> containers(
      StoreInventory inventory, Instant before, List<Candidate> all) throws IOException {
    List<StoreInventory.ContainerNode> staying = new ArrayList<>();
    for (StoreInventory.ContainerNode node : inventory.containers()) {
      boolean may = options.containers() && node.entry().name() != null && !isOpen(node.entry());
      if (may) {
        all.add(
            new Candidate(
                PruneReport.Kind.CONTAINER,
                node.entry().label(),
                node.lastUsed(),
                node.entry(),
                node.entry().path()));
      }
      if (!may || node.lastUsed().isAfter(before) || options.keepBytes() != null) {
        staying.add(node);
      }
    }
    return staying;
  }

  private void images(
      StoreInventory inventory, List<StoreInventory.ContainerNode> staying, List<Candidate> all) {
    Set<Digest> used = new HashSet<>();
    for (StoreInventory.ContainerNode node : staying) {
      Digest image = node.entry().image();
      if (image != null) {
        used.add(image);
      }
    }
    for (StoreInventory.ImageNode node : inventory.images()) {
      Digest manifest = node.image().descriptor().digest();
      boolean may =
          switch (options.images()) {
            case NONE -> false;
            case UNNAMED -> node.image().names().isEmpty();
            case ALL -> true;
          };
      if (may && !used.contains(manifest)) {
        all.add(
            new Candidate(
                PruneReport.Kind.IMAGE,
                node.label(),
                node.lastUsed(),
                node.image(),
                store.blob(manifest)));
      }
    }
  }

  private void trees(
      StoreInventory inventory, List<StoreInventory.ContainerNode> staying, List<Candidate> all) {
    Set<Path> used = new HashSet<>();
    staying.forEach(node -> used.addAll(node.parts()));
    Map<Path, Instant> lastUsed = new HashMap<>();
    for (StoreInventory.ImageNode node : inventory.images()) {
      for (Path part : node.parts()) {
        lastUsed.merge(part, node.lastUsed(), (one, two) -> one.isAfter(two) ? one : two);
      }
    }
    for (Path part : inventory.parts()) {
      if (inventory.isTree(part) && !used.contains(part)) {
        Instant last = lastUsed.getOrDefault(part, Instant.EPOCH);
        all.add(new Candidate(PruneReport.Kind.TREE, Directories.name(part), last, part, part));
      }
    }
  }

  private boolean isOpen(Containers.Entry entry) throws IOException {
    return !FileLocks.isFree(store.lockFile("container-" + entry.id()));
  }

  /** All of them, or as many as bring the store down to its size. */
  private void choose(StoreInventory inventory, List<Candidate> candidates) {
    Long keep = options.keepBytes();
    if (keep == null) {
      chosen.addAll(candidates);
      return;
    }
    NeededParts needed = new NeededParts(store, inventory);
    for (Candidate each : candidates) {
      if (inventory.total().onDisk() - needed.gone().onDisk() <= keep) {
        return;
      }
      needed.remove(each.part);
      chosen.add(each);
    }
  }

  // --- what goes

  @SuppressWarnings("try") // the lock is held, not used
  private List<Candidate> remove(Sweep sweep) throws IOException {
    List<Candidate> removed = new ArrayList<>();
    try (FileLocks.Held held = store.lock(Store.SWEEP)) {
      for (Candidate each : chosen) {
        if (each.what instanceof Containers.Entry entry && removeContainer(entry, sweep)) {
          removed.add(each);
        }
      }
      Set<Digest> bases = new HashSet<>();
      for (Containers.Entry each : store.containers().list()) {
        Digest image = each.image();
        if (image != null) {
          bases.add(image);
        }
      }
      Set<Digest> images = new HashSet<>();
      for (Candidate each : chosen) {
        if (each.what instanceof StoredImage image) {
          Digest manifest = image.descriptor().digest();
          if (!bases.contains(manifest)
              && StoreInventory.time(each.part).equals(each.lastUsed)
              && isNamed(image)) {
            images.add(manifest);
            removed.add(each);
          }
        } else if (!(each.what instanceof Containers.Entry) && removeOther(each, bases, sweep)) {
          removed.add(each);
        }
      }
      if (!images.isEmpty()) {
        store.images().drop(images);
      }
      sweep.underLock();
    }
    removed.sort(Comparator.comparing(Candidate::lastUsed).thenComparing(Candidate::kind));
    return removed;
  }

  /** Whether an image still has the names that it had, and so is still one that may go. */
  private boolean isNamed(StoredImage image) throws IOException {
    return options.images() == PruneOptions.Images.ALL
        || store
            .find(image.descriptor().digest().toString())
            .filter(now -> now.names().isEmpty())
            .isPresent();
  }

  private boolean removeContainer(Containers.Entry entry, Sweep sweep) throws IOException {
    Containers.Owned owned = Files.exists(entry.path()) ? store.containers().take(entry) : null;
    if (owned != null) {
      owned.discard(sweep);
    }
    return owned != null;
  }

  private boolean removeOther(Candidate each, Set<Digest> bases, Sweep sweep) throws IOException {
    if (each.what instanceof Caches.Cache cache) {
      boolean unused =
          Files.exists(cache.path())
              && !Caches.used(store).contains(Directories.name(cache.path()));
      if (unused) {
        sweep.discard(cache.path());
        Files.deleteIfExists(cache.idFile());
      }
      return unused;
    }
    return removeTree(each.part, bases, sweep);
  }

  private boolean isOf(Digest diffId, Path tree) {
    return store.layer(diffId).equals(tree)
        || Directories.name(tree).startsWith(diffId.hex() + UnnamedDirectories.SUFFIX);
  }

  private boolean removeTree(Path tree, Set<Digest> bases, Sweep sweep) throws IOException {
    for (Digest base : bases) {
      if (ImageContents.of(store, base).diffIds().stream().anyMatch(diffId -> isOf(diffId, tree))) {
        return false;
      }
    }
    boolean there = Files.exists(tree);
    if (there) {
      sweep.discard(tree);
    }
    return there;
  }
}

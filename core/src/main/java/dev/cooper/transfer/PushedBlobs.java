package dev.cooper.transfer;

import dev.cooper.oci.Digest;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Which repositories blobs were pushed to, to be mounted from there. Thread-safe. */
final class PushedBlobs {
  private final ConcurrentHashMap<Key, Set<String>> repositories = new ConcurrentHashMap<>();

  private record Key(String registry, Digest blob) {}

  void note(String registry, String repository, Digest blob) {
    repositories
        .computeIfAbsent(new Key(registry, blob), key -> ConcurrentHashMap.newKeySet())
        .add(repository);
  }

  List<String> repositories(String registry, Digest blob) {
    return List.copyOf(repositories.getOrDefault(new Key(registry, blob), Set.of()));
  }
}

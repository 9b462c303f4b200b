package dev.cooper.maintenance;

import org.jspecify.annotations.Nullable;

/**
 * A working container as a list shows it.
 *
 * @param id its id
 * @param name its name, or null
 * @param image the digest of its base's manifest, or null for an empty root
 */
public record ContainerInfo(String id, @Nullable String name, @Nullable String image) {}

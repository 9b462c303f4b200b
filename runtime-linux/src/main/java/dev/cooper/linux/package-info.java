/**
 * The runtime for Linux: system calls, namespaces, overlay mounts and copied trees, processes, and
 * trees read and written.
 *
 * <p>Only {@code dev.cooper} calls it, through its service interface; it knows no manifest and no
 * registry.
 */
@NullMarked
package dev.cooper.linux;

import org.jspecify.annotations.NullMarked;

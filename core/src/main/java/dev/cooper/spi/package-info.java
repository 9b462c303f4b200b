/**
 * What a runtime provides to the core: root filesystems, processes in them, and trees read from the
 * host.
 *
 * <p>The core calls it; a runtime implements it and is found by {@link java.util.ServiceLoader}.
 * Applications use neither.
 */
@NullMarked
package dev.cooper.spi;

import org.jspecify.annotations.NullMarked;

/**
 * The entries of layers: indexes, merged trees, the links in them, and sinks that entries pass
 * through.
 *
 * <p>The store and all above it call it; it reads streams and views, and knows neither a store nor
 * a mount.
 */
@NullMarked
package dev.cooper.tree;

import org.jspecify.annotations.NullMarked;

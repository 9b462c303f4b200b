/**
 * Tells listeners what happens: one event at a time, in order, and apart from the work.
 *
 * <p>The store and all above it tell by it; it knows events, and no store.
 */
@NullMarked
package dev.cooper.progress;

import org.jspecify.annotations.NullMarked;

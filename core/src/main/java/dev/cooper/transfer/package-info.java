/**
 * Images on their way: pulled, pushed, copied, loaded, saved and imported, between the store,
 * registries, layouts, archives and daemons.
 *
 * <p>The door calls it; it knows the store, and no working container.
 */
@NullMarked
package dev.cooper.transfer;

import org.jspecify.annotations.NullMarked;

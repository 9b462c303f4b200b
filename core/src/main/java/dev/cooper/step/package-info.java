/**
 * What is done to a working container, as values.
 *
 * <p>Applications make them; {@code dev.cooper.container} performs them.
 */
@NullMarked
package dev.cooper.step;

import org.jspecify.annotations.NullMarked;

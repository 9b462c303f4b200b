/**
 * How images are committed, copied, pulled, pushed and saved: options, as values.
 *
 * <p>Applications make them; {@code dev.cooper.transfer} and {@code dev.cooper.container} obey.
 */
@NullMarked
package dev.cooper.image;

import org.jspecify.annotations.NullMarked;

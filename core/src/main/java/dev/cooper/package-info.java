/**
 * The public API: a builder, its working containers, images and the store that holds them.
 *
 * <p>Applications call it; it calls a runtime through {@code dev.cooper.spi} and knows no system
 * call.
 */
@NullMarked
package dev.cooper;

import org.jspecify.annotations.NullMarked;

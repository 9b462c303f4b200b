/**
 * What happens while images are built, and listeners that show it.
 *
 * <p>Applications listen; {@code dev.cooper.progress} tells.
 */
@NullMarked
package dev.cooper.event;

import org.jspecify.annotations.NullMarked;

/** The samples, tried. */
@NullMarked
package dev.cooper.samples;

import org.jspecify.annotations.NullMarked;

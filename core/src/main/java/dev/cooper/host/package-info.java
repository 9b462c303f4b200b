/**
 * The files of the host: read with a runtime or with the JDK alone, chosen by patterns.
 *
 * <p>Rooms that copy or import call it; it knows no image.
 */
@NullMarked
package dev.cooper.host;

import org.jspecify.annotations.NullMarked;

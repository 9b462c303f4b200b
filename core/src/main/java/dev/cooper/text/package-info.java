/**
 * The rules of texts: names, paths, modes and the fields of an image's configuration, and texts of
 * amounts.
 *
 * <p>Every room may call it; it knows no file and no other room.
 */
@NullMarked
package dev.cooper.text;

import org.jspecify.annotations.NullMarked;

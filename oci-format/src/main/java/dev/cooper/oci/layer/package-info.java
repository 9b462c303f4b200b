/**
 * Layers as tar streams: the one reader, the one writer, and the names in them as bytes.
 *
 * <p>Anything may call it; it touches no file system and knows no compression.
 */
@NullMarked
package dev.cooper.oci.layer;

import org.jspecify.annotations.NullMarked;

/**
 * Compression and digests of what streams by: gzip and zstd in and out, bzip2 and xz in.
 *
 * <p>Anything may call it; it knows neither tar nor images, and all of it runs in the JVM.
 */
@NullMarked
package dev.cooper.oci.compress;

import org.jspecify.annotations.NullMarked;

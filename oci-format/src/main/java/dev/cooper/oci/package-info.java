/**
 * What an image is made of, as values: digests, descriptors, manifests, indexes, configs and
 * references.
 *
 * <p>Anything may call it; it knows neither Linux nor processes nor root filesystems.
 */
@NullMarked
package dev.cooper.oci;

import org.jspecify.annotations.NullMarked;

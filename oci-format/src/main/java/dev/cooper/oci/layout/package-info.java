/**
 * Where images lie as files: OCI image layouts, tar archives of them, and what {@code docker save}
 * writes; and the validator that checks one from its index to its layers' last byte.
 *
 * <p>Anything may call it; it knows neither registries nor root filesystems.
 */
@NullMarked
package dev.cooper.oci.layout;

import org.jspecify.annotations.NullMarked;

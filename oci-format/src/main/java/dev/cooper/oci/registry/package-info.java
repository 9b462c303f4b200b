/**
 * Registries: the OCI distribution protocol as a client speaks it, and the credentials, endpoints
 * and TLS settings that decide whom it speaks to and as whom.
 *
 * <p>Anything may call it; it knows neither stores nor root filesystems, and starts no process but
 * the credential helpers that a person's own configuration names.
 */
@NullMarked
package dev.cooper.oci.registry;

import org.jspecify.annotations.NullMarked;

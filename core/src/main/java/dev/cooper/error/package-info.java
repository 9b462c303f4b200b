/**
 * The exceptions that a caller may want to tell apart; all others are {@link
 * dev.cooper.oci.OperationException}.
 *
 * <p>Every room throws them; they know nothing.
 */
@NullMarked
package dev.cooper.error;

import org.jspecify.annotations.NullMarked;

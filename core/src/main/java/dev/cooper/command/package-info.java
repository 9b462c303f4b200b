/**
 * Commands as values: what runs, what it sees, and what it may do.
 *
 * <p>Applications make them; a runtime takes them as they are, through {@code dev.cooper.spi}.
 */
@NullMarked
package dev.cooper.command;

import org.jspecify.annotations.NullMarked;

/**
 * What takes a store's space, what is wrong with it and what may go: reports and options, as
 * values.
 *
 * <p>{@link dev.cooper.StoreMaintenance} gives and takes them.
 */
@NullMarked
package dev.cooper.maintenance;

import org.jspecify.annotations.NullMarked;

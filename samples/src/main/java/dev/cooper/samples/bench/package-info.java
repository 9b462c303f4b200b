/** Cooper's and jib-core's side of the rows of {@code bench.sh}, which alone runs them. */
@NullMarked
package dev.cooper.samples.bench;

import org.jspecify.annotations.NullMarked;

/** Small programs that show what Cooper does; each is run by a script or a test. */
@NullMarked
package dev.cooper.samples;

import org.jspecify.annotations.NullMarked;

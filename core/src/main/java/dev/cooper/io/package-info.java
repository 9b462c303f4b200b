/**
 * What any program does with files and threads: locks between JVMs, full disks, parallel work,
 * closing.
 *
 * <p>Every room but {@code text} may call it; it knows no image and no container.
 */
@NullMarked
package dev.cooper.io;

import org.jspecify.annotations.NullMarked;

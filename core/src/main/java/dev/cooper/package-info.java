/**
 * The door: a builder, its working containers, images and the store that holds them.
 *
 * <p>Applications call it. Behind it lie rooms, each a package that knows only those below it. The
 * exported ones hold values that an application gives and gets; the closed ones are public inside
 * this module alone.
 *
 * <pre>
 *  closed                              exported
 *                                      dev.cooper            Cooper, WorkingContainer, Image
 *  container  session, files, draft
 *  transfer   pull, push, load, save
 *  store      blobs, images, layers
 *  host       files, patterns
 *  tree       layers' entries, paths
 *  progress   tells listeners
 *                                      dev.cooper.spi        what a runtime provides
 *                                      dev.cooper.step       what is done to a container
 *                                      dev.cooper.maintenance, image, event
 *                                      dev.cooper.command    Command, Mount, Network, Security
 *                                      dev.cooper.error
 *  io         locks, full disks
 *  text       the rules of fields
 * </pre>
 *
 * A test holds each arrow. No room knows a system call: a runtime does, through {@code
 * dev.cooper.spi}.
 */
@NullMarked
package dev.cooper;

import org.jspecify.annotations.NullMarked;

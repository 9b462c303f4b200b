/**
 * The store on disk: blobs, images, layers, containers and cache mounts, in a directory that is an
 * OCI image layout; its recovery, check and pruning.
 *
 * <p>The rooms above call it by {@link dev.cooper.store.Store}; it knows no container's content.
 *
 * <h2>Who holds which lock</h2>
 *
 * Several JVMs share a store. Locks are files below {@code locks}, which the kernel drops with
 * their holder (see {@code dev.cooper.io.FileLocks}), always taken in this order:
 *
 * <ol>
 *   <li>{@code container-ID} and {@code staging-ID}: held by the owner for life. It is taken before
 *       the directory is made and dropped after that is gone; so a directory without a held lock is
 *       an orphan, and whoever gets the lock removes it.
 *   <li>{@code layer-} and the first three digits of a diffID: held while such a layer is unpacked.
 *   <li>{@code sweep}: held to make a pin, a container or a name, and to remove anything.
 *   <li>{@code index}: held to write {@code index.json}.
 * </ol>
 *
 * A reader takes no lock: what it reads appears by a rename, whole, and what vanishes meanwhile
 * makes it read anew.
 *
 * <p>A <em>pin</em> keeps a blob from a sweep while no image leads to it yet: an empty file below
 * the {@code staging} directory of the store that wants it. It is made by looking for a blob and by
 * keeping one, and goes once the image is added and every intake is over that was open then.
 */
@NullMarked
package dev.cooper.store;

import org.jspecify.annotations.NullMarked;

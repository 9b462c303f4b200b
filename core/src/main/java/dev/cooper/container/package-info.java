/**
 * Working containers: their session, files, drafts, copies, commands and commits.
 *
 * <p>The door wraps what it gives; no other room knows it.
 */
@NullMarked
package dev.cooper.container;

import org.jspecify.annotations.NullMarked;

package dev.cooper.step;

import dev.cooper.text.FileModes;
import dev.cooper.text.Given;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How files are copied; immutable, each method gives another.
 *
 * @param owner who owns them: {@code user}, {@code user:group}, names of the container or ids; null
 *     for 0:0, and for what an archive or another container says
 * @param mode their permissions, in octal 0 to 07777; null for the source's own
 * @param excludes patterns of .dockerignore that leave files out
 * @param ignoreFile a file of such patterns, or null
 * @param checksum what a download has to have, as {@code sha256:hex}, or null
 * @param unpack whether an archive that is added is unpacked
 */
public record CopyOptions(
    @Nullable String owner,
    @Nullable Integer mode,
    List<String> excludes,
    @Nullable Path ignoreFile,
    @Nullable String checksum,
    boolean unpack) {
  /** Root's, with the modes of the sources, nothing left out, archives unpacked by ADD. */
  public static final CopyOptions DEFAULT =
      new CopyOptions(null, null, List.of(), null, null, true);

  /**
   * Checks the mode and copies the patterns.
   *
   * @param owner who owns them: {@code user}, {@code user:group}, names of the container or ids;
   *     null for 0:0, and for what an archive or another container says
   * @param mode their permissions, in octal 0 to 07777; null for the source's own
   * @param excludes patterns of .dockerignore that leave files out
   * @param ignoreFile a file of such patterns, or null
   * @param checksum what a download has to have, as {@code sha256:hex}, or null
   * @param unpack whether an archive that is added is unpacked
   * @throws IllegalArgumentException if the mode is none, or the owner is blank
   */
  public CopyOptions {
    if (owner != null && owner.isBlank()) {
      throw new IllegalArgumentException(
          "invalid owner \""
              + owner
              + "\": expected user or user:group, names or ids, such as app:7");
    }
    if (mode != null) {
      FileModes.require(mode);
    }
    excludes = List.copyOf(excludes);
  }

  /**
   * Who owns what is copied; {@code COPY --chown} of the Dockerfile.
   *
   * <p>A name without a group is looked up in the container's {@code /etc/passwd} and brings its
   * group with it. A number without a group is the group too: {@code 7} is 7:7. ({@link
   * dev.cooper.WorkingContainer#user} has another rule: who <em>runs</em> as an unknown number has
   * group 0.)
   *
   * @param user {@code user}, {@code uid}, {@code user:group} or {@code uid:gid}
   * @return these options with it
   * @throws IllegalArgumentException if it is blank
   */
  public CopyOptions owner(String user) {
    Objects.requireNonNull(user, "user");
    return new CopyOptions(user, mode, excludes, ignoreFile, checksum, unpack);
  }

  /**
   * The permissions of what is copied, files and directories alike, as the Dockerfile's {@code
   * --chmod}; directories that are made on the way to it stay 0755.
   *
   * @param permissions in octal, such as 0644
   * @return these options with it
   * @throws IllegalArgumentException if it is not within 0 to 07777, or is the decimal number of
   *     digits that are usual permissions, such as 644: {@link #mode(String)} takes any
   */
  public CopyOptions mode(int permissions) {
    return withMode(FileModes.requireOctal(permissions));
  }

  /**
   * The permissions of what is copied, as text.
   *
   * @param permissions octal digits, such as "0644" or "644"
   * @return these options with it
   * @throws IllegalArgumentException if it is anything else, or beyond 07777
   */
  public CopyOptions mode(String permissions) {
    Objects.requireNonNull(permissions, "permissions");
    return withMode(FileModes.parse(permissions));
  }

  private CopyOptions withMode(int permissions) {
    return new CopyOptions(owner, permissions, excludes, ignoreFile, checksum, unpack);
  }

  /**
   * Leaves files out.
   *
   * @param patterns of .dockerignore, matched against paths relative to the source
   * @return these options with more of them
   */
  public CopyOptions exclude(String... patterns) {
    List<String> more = new ArrayList<>(excludes);
    more.addAll(Given.all(patterns, "patterns"));
    return new CopyOptions(owner, mode, more, ignoreFile, checksum, unpack);
  }

  /**
   * Leaves out what a .dockerignore file names.
   *
   * @param file of patterns, a line each
   * @return these options with it
   */
  public CopyOptions ignoreFile(Path file) {
    Objects.requireNonNull(file, "file");
    return new CopyOptions(owner, mode, excludes, file, checksum, unpack);
  }

  /**
   * What a download has to be; whatever else is copied refuses it with an {@link
   * IllegalArgumentException}, as the Dockerfile's {@code ADD --checksum} does.
   *
   * @param digest such as {@code sha256:…}
   * @return these options with it
   */
  public CopyOptions checksum(String digest) {
    Objects.requireNonNull(digest, "digest");
    return new CopyOptions(owner, mode, excludes, ignoreFile, digest, unpack);
  }

  /**
   * Adds archives as they are, not unpacked.
   *
   * @return these options with it
   */
  public CopyOptions keepArchives() {
    return new CopyOptions(owner, mode, excludes, ignoreFile, checksum, false);
  }
}

package dev.cooper.command;

import dev.cooper.text.ImageFields;
import java.nio.file.Path;
import java.util.Objects;

/**
 * Something that a command sees at a path while it runs, and that no layer holds; {@code RUN
 * --mount} of the Dockerfile.
 *
 * <p>Mounts may lie in each other, and are asked for in any order: the outer is made first, links
 * of targets being followed inside the container. Two on one path are an error. A path that is
 * missing is made, 0755 and root's, and taken away again after the command: also in a directory of
 * the host that is bound writable, and in a cache. A read-only bind has to hold what is mounted in
 * it. {@code /etc/hosts}, {@code /etc/hostname} and {@code /etc/resolv.conf} are mounts by the same
 * rule.
 */
public sealed interface Mount {
  /**
   * Where it appears.
   *
   * @return a path inside; a relative one is taken from the working directory
   */
  String target();

  /**
   * A file or directory of the host.
   *
   * @param source on the host
   * @param target where it appears
   * @param readOnly whether writing to it fails; else what is written reaches the host
   */
  record Bind(Path source, String target, boolean readOnly) implements Mount {}

  /**
   * A directory that outlives the container: what a command leaves in it, the next one with this id
   * finds again, in any build on the same store.
   *
   * @param id names it; the target by default
   * @param target where it appears
   */
  record Cache(String id, String target) implements Mount {}

  /**
   * An empty directory in memory.
   *
   * @param target where it appears
   * @param size the most bytes it takes, or 0 for half of the memory
   */
  record Tmpfs(String target, long size) implements Mount {}

  /**
   * A secret as a file of the user that the command runs as, mode 0400.
   *
   * @param secret its content
   * @param target where it appears
   */
  record SecretFile(Secret secret, String target) implements Mount {}

  /**
   * A file or directory of the host, read-only.
   *
   * @param source on the host
   * @param target where it appears
   * @return the mount
   */
  static Mount bind(Path source, String target) {
    Objects.requireNonNull(source, "source");
    ImageFields.nonEmpty("target", target);
    return new Bind(source, target, true);
  }

  /**
   * A file or directory of the host that the command may change.
   *
   * @param source on the host
   * @param target where it appears
   * @return the mount
   */
  static Mount bindWritable(Path source, String target) {
    Objects.requireNonNull(source, "source");
    ImageFields.nonEmpty("target", target);
    return new Bind(source, target, false);
  }

  /**
   * A directory that outlives the container, named by its target.
   *
   * @param target where it appears
   * @return the mount
   */
  static Mount cache(String target) {
    ImageFields.nonEmpty("target", target);
    return new Cache(target, target);
  }

  /**
   * A directory that outlives the container.
   *
   * @param id names it
   * @param target where it appears
   * @return the mount
   */
  static Mount cache(String id, String target) {
    ImageFields.nonEmpty("id", id);
    ImageFields.nonEmpty("target", target);
    return new Cache(id, target);
  }

  /**
   * An empty directory in memory.
   *
   * @param target where it appears
   * @return the mount
   */
  static Mount tmpfs(String target) {
    ImageFields.nonEmpty("target", target);
    return new Tmpfs(target, 0);
  }

  /**
   * A secret at {@code /run/secrets/ID}.
   *
   * @param secret its content
   * @return the mount
   */
  static Mount secret(Secret secret) {
    Objects.requireNonNull(secret, "secret");
    return new SecretFile(secret, "/run/secrets/" + secret.id());
  }

  /**
   * A secret at a path.
   *
   * @param secret its content
   * @param target where it appears
   * @return the mount
   */
  static Mount secret(Secret secret, String target) {
    Objects.requireNonNull(secret, "secret");
    ImageFields.nonEmpty("target", target);
    return new SecretFile(secret, target);
  }
}

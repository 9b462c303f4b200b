package dev.cooper;

import dev.cooper.event.BuildListener;
import dev.cooper.oci.Platform;
import java.nio.file.Path;
import java.util.Objects;

/**
 * The door: begins a working container with the shared default {@link Cooper}.
 *
 * <pre>{@code
 * try (WorkingContainer c = Builder.from("debian:12")) {
 *   Image image = c.env("LANG", "C.UTF-8")
 *       .run("apt-get update && apt-get install -y --no-install-recommends curl")
 *       .copy(Path.of("target/app.jar"), "/app/")
 *       .entrypoint("java", "-jar", "/app/app.jar")
 *       .commit("app:1.0");
 * }
 * }</pre>
 *
 * On a terminal it prints the steps and what commands write; without one it logs the steps to the
 * logger {@code dev.cooper}. {@link Cooper#builder()} makes a {@link Cooper} with another {@link
 * BuildListener}.
 *
 * <p>Thread-safe.
 */
public final class Builder {
  private Builder() {}

  /**
   * Begins from an image, as {@link Cooper#from(String)} does.
   *
   * @param image a reference, an id, {@code scratch}, or a place such as {@code
   *     oci-archive:app.tar}
   * @return a container of the caller's own
   */
  public static WorkingContainer from(String image) {
    return Cooper.shared().from(image);
  }

  /**
   * Begins from an image for another platform, as {@link Cooper#from(String, Platform)} does.
   *
   * @param image a reference, an id, {@code scratch}, or a place such as {@code
   *     oci-archive:app.tar}
   * @param platform such as {@code Platform.parse("linux/arm64")}
   * @return a container of the caller's own
   */
  public static WorkingContainer from(String image, Platform platform) {
    return Cooper.shared().from(image, platform);
  }

  /**
   * Begins from an image that was built or found before.
   *
   * @param image of the default store
   * @return a container of the caller's own
   */
  public static WorkingContainer from(Image image) {
    Objects.requireNonNull(image, "image");
    return image.container();
  }

  /**
   * Begins from a file or directory of the host, as {@link Cooper#from(Path)} does.
   *
   * @param path an OCI layout, an OCI or Docker archive, a root filesystem's tarball or directory
   * @return a container of the caller's own
   */
  public static WorkingContainer from(Path path) {
    return Cooper.shared().from(path);
  }

  /**
   * Begins with nothing.
   *
   * @return a container of the caller's own, with an empty root
   */
  public static WorkingContainer scratch() {
    return Cooper.shared().scratch();
  }
}

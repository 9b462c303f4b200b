package dev.cooper.samples.bench;

import com.google.cloud.tools.jib.api.Containerizer;
import com.google.cloud.tools.jib.api.Jib;
import com.google.cloud.tools.jib.api.RegistryImage;
import com.google.cloud.tools.jib.api.buildplan.AbsoluteUnixPath;
import com.google.cloud.tools.jib.api.buildplan.ImageFormat;
import dev.cooper.Cooper;
import dev.cooper.WorkingContainer;
import dev.cooper.event.BuildListener;
import java.nio.file.Path;
import java.util.List;

/**
 * A small application copied onto a base in a registry and pushed there, by Cooper or by jib-core;
 * no command is run. One build a process.
 */
public final class PushComparison {
  private PushComparison() {}

  /**
   * Builds and pushes once.
   *
   * @param arguments {@code cooper} or {@code jib}, the registry's address, the application's file,
   *     a directory for caches
   * @throws Exception if the build fails
   */
  public static void main(String[] arguments) throws Exception {
    String base = arguments[1] + "/base";
    Path application = Path.of(arguments[2]);
    Path caches = Path.of(arguments[3]);
    if (arguments[0].equals("jib")) {
      jib(base, application, arguments[1] + "/by-jib", caches);
    } else {
      cooper(base, application, arguments[1] + "/by-cooper", caches);
      PeakMemory.record();
    }
  }

  private static void cooper(String base, Path application, String target, Path caches) {
    try (Cooper cooper = Cooper.builder().store(caches).listener(BuildListener.quiet()).build();
        WorkingContainer container = cooper.from(base)) {
      container
          .copy(application, "/app/")
          .entrypoint("java", "-jar", "/app/" + application.getFileName())
          .commit(target)
          .push();
    }
  }

  private static void jib(String base, Path application, String target, Path caches)
      throws Exception {
    Jib.from(RegistryImage.named(base))
        .addLayer(List.of(application), AbsoluteUnixPath.get("/app"))
        .setEntrypoint("java", "-jar", "/app/" + application.getFileName())
        .setFormat(ImageFormat.OCI)
        .containerize(
            Containerizer.to(RegistryImage.named(target))
                .setAllowInsecureRegistries(true)
                .setBaseImageLayersCache(caches.resolve("base"))
                .setApplicationLayersCache(caches.resolve("application")));
  }
}

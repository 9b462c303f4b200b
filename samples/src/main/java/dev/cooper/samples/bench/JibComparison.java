package dev.cooper.samples.bench;

import com.google.cloud.tools.jib.api.CacheDirectoryCreationException;
import com.google.cloud.tools.jib.api.Containerizer;
import com.google.cloud.tools.jib.api.InvalidImageReferenceException;
import com.google.cloud.tools.jib.api.Jib;
import com.google.cloud.tools.jib.api.RegistryException;
import com.google.cloud.tools.jib.api.TarImage;
import com.google.cloud.tools.jib.api.buildplan.AbsoluteUnixPath;
import com.google.cloud.tools.jib.api.buildplan.ImageFormat;
import dev.cooper.Cooper;
import dev.cooper.WorkingContainer;
import dev.cooper.event.BuildListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutionException;

/**
 * A small application copied onto a base and written as an OCI archive, by Cooper and by jib-core
 * in one JVM; no command is run.
 *
 * <p>The first build of each finds its caches empty, the later ones find them filled: Jib's layers
 * cache, and Cooper's store.
 */
public final class JibComparison {
  private final Path base;
  private final Path application;
  private final Path work;

  private JibComparison(Path base, Path application, Path work) {
    this.base = base;
    this.application = application;
    this.work = work;
  }

  /**
   * Prints what each build took in nanoseconds: {@code cooper} or {@code jib} and the time, a line
   * each.
   *
   * @param arguments which one is first ({@code cooper} or {@code jib}), how many builds of each,
   *     the base as a Docker archive, the application's file, an empty directory to work in
   * @throws Exception if a build fails
   */
  public static void main(String[] arguments) throws Exception {
    JibComparison comparison =
        new JibComparison(Path.of(arguments[2]), Path.of(arguments[3]), Path.of(arguments[4]));
    List<String> order =
        arguments[0].equals("jib") ? List.of("jib", "cooper") : List.of("cooper", "jib");
    int builds = Integer.parseInt(arguments[1]);
    for (int i = 0; i < builds; i++) {
      for (String which : builds == 1 ? order.subList(0, 1) : order) {
        Path archive = comparison.work.resolve(which + "-" + i + ".tar");
        long began = System.nanoTime();
        if (which.equals("jib")) {
          comparison.jib(archive);
        } else {
          comparison.cooper(archive);
        }
        System.out.println(which + " " + (System.nanoTime() - began));
        Files.delete(archive);
      }
    }
  }

  private void cooper(Path archive) {
    try (Cooper cooper =
            Cooper.builder().store(work.resolve("store")).listener(BuildListener.quiet()).build();
        WorkingContainer container = cooper.from(base)) {
      container
          .copy(application, "/app/")
          .entrypoint("java", "-jar", "/app/" + application.getFileName())
          .commit()
          .save(archive);
    }
  }

  private void jib(Path archive)
      throws IOException,
          InterruptedException,
          ExecutionException,
          InvalidImageReferenceException,
          RegistryException,
          CacheDirectoryCreationException {
    Jib.from(TarImage.at(base))
        .addLayer(List.of(application), AbsoluteUnixPath.get("/app"))
        .setEntrypoint("java", "-jar", "/app/" + application.getFileName())
        .setFormat(ImageFormat.OCI)
        .containerize(
            Containerizer.to(TarImage.at(archive).named("app"))
                .setBaseImageLayersCache(work.resolve("jib-base"))
                .setApplicationLayersCache(work.resolve("jib-application"))
                .setOfflineMode(true));
  }
}

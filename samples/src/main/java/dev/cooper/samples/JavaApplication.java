package dev.cooper.samples;

import dev.cooper.Cooper;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Makes an image of a Java application: its dependencies in one layer, its own jar in the next, so
 * that a new version of the application changes the small layer only. No command is run, so it
 * works on every system.
 */
public final class JavaApplication {
  private JavaApplication() {}

  /**
   * Builds the image and writes it as an OCI archive.
   *
   * @param arguments a base that has a Java runtime, such as {@code docker-archive:temurin.tar};
   *     the application's jar; the directory of its dependencies; its main class; the archive to
   *     write
   * @throws IOException if the dependencies cannot be listed
   */
  public static void main(String[] arguments) throws IOException {
    try (Cooper cooper = Cooper.builder().build()) {
      Image image =
          build(cooper, arguments[0], Path.of(arguments[1]), Path.of(arguments[2]), arguments[3]);
      image.save(Path.of(arguments[4]));
      System.out.println(image.digest() + " in " + arguments[4]);
    }
  }

  /**
   * Builds the image.
   *
   * @param cooper holds the store that it is built in
   * @param base what it begins from
   * @param jar the application
   * @param dependencies a directory of jars
   * @param mainClass the application's entry
   * @return the image, called {@code java-application}
   * @throws IOException if the dependencies cannot be listed
   */
  public static Image build(
      Cooper cooper, String base, Path jar, Path dependencies, String mainClass)
      throws IOException {
    List<Path> jars;
    try (Stream<Path> files = Files.list(dependencies)) {
      jars = files.filter(file -> file.toString().endsWith(".jar")).sorted().toList();
    }
    try (WorkingContainer container = cooper.from(base)) {
      return container
          .layerPerStep()
          .copy(jars, "/app/lib/", options -> options.mode(0644))
          .copy(jar, "/app/app.jar", options -> options.mode(0644))
          .workdir("/app")
          .entrypoint("java", "-cp", "/app/app.jar:/app/lib/*", mainClass)
          .commit("java-application");
    }
  }
}

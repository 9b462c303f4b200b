package dev.cooper.samples;

import dev.cooper.Cooper;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.command.Command;
import dev.cooper.command.ExecResult;
import dev.cooper.event.BuildListener;
import dev.cooper.oci.ContainerConfig;
import dev.cooper.oci.Descriptor;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Builds an image with all its kinds of steps, and runs a command in what it built.
 *
 * <p>What it begins from is its first argument: the name of an image of the store, {@code oci:…},
 * {@code oci-archive:…}, {@code docker-archive:…} or {@code rootfs:…}.
 */
public final class Quickstart {
  private static final String NAME = "quickstart:latest";

  private final Cooper cooper;
  private final PrintStream out;

  private Quickstart(Cooper cooper, PrintStream out) {
    this.cooper = cooper;
    this.out = out;
  }

  /**
   * Builds, shows and runs the image.
   *
   * @param arguments what to begin from, and the OCI archive to write
   * @throws IOException if a file cannot be written
   */
  public static void main(String[] arguments) throws IOException {
    if (arguments.length != 2) {
      throw new IllegalArgumentException("give it what to begin from, and an archive to write");
    }
    try (Cooper cooper = Cooper.builder().listener(BuildListener.progress(System.out)).build()) {
      Quickstart quickstart = new Quickstart(cooper, System.out);
      Image image = quickstart.build(arguments[0]);
      quickstart.show(image, Path.of(arguments[1]));
      quickstart.run(image);
    }
  }

  private Image build(String reference) {
    out.println("building from " + reference);
    try (WorkingContainer container = cooper.from(reference)) {
      return container
          .env("LANG", "C.UTF-8")
          .label("org.opencontainers.image.title", "Cooper's quickstart")
          .workdir("/app")
          .write("greeting.txt", "Hello from Cooper\n")
          .run("echo \"built by $(id -un) on $(uname -m)\" > built.txt")
          .run("cat", "greeting.txt", "built.txt")
          .entrypoint("cat")
          .cmd("/app/greeting.txt", "/app/built.txt")
          .commit(NAME);
    }
  }

  private void show(Image image, Path archive) throws IOException {
    out.println();
    out.println("image   " + String.join(", ", image.names()));
    out.println("id      " + image.id());
    out.println("digest  " + image.digest());
    for (Descriptor layer : image.manifest().layers()) {
      out.printf(Locale.ROOT, "layer   %s %,d bytes%n", layer.digest(), layer.size());
    }
    Files.deleteIfExists(archive);
    image.save(archive);
    out.printf(Locale.ROOT, "archive %s (OCI), %,d bytes%n%n", archive, Files.size(archive));
  }

  /** Runs the image's command in a container of its own, which nothing is left of. */
  private void run(Image image) {
    try (WorkingContainer container = image.container()) {
      ContainerConfig config = container.config().config();
      List<String> command = new ArrayList<>(config.entrypoint());
      command.addAll(config.cmd());
      ExecResult result = container.exec(Command.exec(command.toArray(String[]::new)));
      if (result.status() != 0) {
        throw new IllegalStateException("the image's command failed: " + result);
      }
      out.print("\nthe image says:\n" + result.out());
    }
  }
}

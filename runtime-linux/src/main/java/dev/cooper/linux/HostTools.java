package dev.cooper.linux;

import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Programs of the host, looked for where this JVM's own PATH and the system's directories lead,
 * never in an image.
 */
final class HostTools {
  private static final List<String> NETWORK = List.of("pasta", "slirp4netns");
  private static final List<Path> SYSTEM = List.of(Path.of("/usr/bin"), Path.of("/usr/sbin"));
  private static final List<String> ENGINES = List.of("crun", "runc");
  private static final int SECONDS = 10;
  private static final int MOST_SAID = 4096;

  private HostTools() {}

  /** Those that give an ordinary user's namespace a network. */
  static List<String> network() {
    return NETWORK;
  }

  /** Engines that start a bundle, the first to be taken first. */
  static List<String> engines() {
    return ENGINES;
  }

  /** Absolute directories only: what a relative one means depends on where the JVM was started. */
  static List<Path> places() {
    List<Path> places = new ArrayList<>();
    for (String place : System.getenv().getOrDefault("PATH", "").split(":", -1)) {
      if (place.startsWith("/")) {
        places.add(Path.of(place));
      }
    }
    places.addAll(SYSTEM);
    return places;
  }

  /** Where a program lies; null if it is not installed. */
  static @Nullable Path find(String name) {
    return find(name, places());
  }

  /** Where a program lies among some directories; null if in none. */
  static @Nullable Path find(String name, List<Path> places) {
    for (Path place : places) {
      Path path = place.resolve(name);
      if (Files.isRegularFile(path) && Files.isExecutable(path)) {
        return path;
      }
    }
    return null;
  }

  /** Where a program lies, and its version; an error if it is not installed. */
  static String described(String name) {
    Path found = find(name);
    if (found == null) {
      throw new OperationException(
          "not in this JVM's PATH, nor the system's: install the package "
              + (name.equals("pasta") ? "passt" : name)
              + " if it is wanted");
    }
    return found + ", " + version(found);
  }

  /** What it says of its version, in the first line. */
  static String version(Path program) {
    try {
      Process process =
          new ProcessBuilder(program.toString(), "--version").redirectErrorStream(true).start();
      process.getOutputStream().close();
      byte[] said = process.getInputStream().readNBytes(MOST_SAID);
      if (!process.waitFor(SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
        process.destroyForcibly();
        throw new OperationException(program + " --version fails: reinstall it");
      }
      return new String(said, StandardCharsets.UTF_8).lines().findFirst().orElse("no version");
    } catch (IOException e) {
      throw new OperationException("cannot execute " + program + ": " + e + ": reinstall it", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new OperationException("interrupted while " + program + " told its version", e);
    }
  }
}

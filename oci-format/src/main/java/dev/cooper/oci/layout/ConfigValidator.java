package dev.cooper.oci.layout;

import dev.cooper.oci.ContainerConfig;
import dev.cooper.oci.ExposedPort;
import dev.cooper.oci.Healthcheck;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.Platform;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What a config that can be read has to be like besides. */
final class ConfigValidator {
  private ConfigValidator() {}

  static void check(
      String where,
      ImageConfig config,
      Manifest manifest,
      @Nullable Platform platform,
      Violations violations) {
    int layers = manifest.layers().size();
    violations.check(
        config.diffIds().size() == layers,
        where + ".rootfs.diff_ids",
        config.diffIds().size() + " of them",
        layers + " as in the manifest's layers");
    long steps = config.history().stream().filter(step -> !step.emptyLayer()).count();
    violations.check(
        config.history().isEmpty() || steps == layers,
        where + ".history",
        steps + " steps with a layer",
        layers + " as in the manifest's layers");
    if (platform != null) {
      Platform own = config.platform();
      boolean same =
          platform.os().equals(own.os()) && platform.architecture().equals(own.architecture());
      violations.check(same, where, "platform " + own, platform + " as its descriptor says");
    }
    runtime(where + ".config", config, violations);
  }

  private static void runtime(String where, ImageConfig image, Violations violations) {
    ContainerConfig config = image.config();
    Set<String> names = new HashSet<>();
    for (String entry : config.env()) {
      int equals = entry.indexOf('=');
      violations.check(equals > 0, where + ".Env", "\"" + entry + "\"", "NAME=value");
      String name = equals < 0 ? entry : entry.substring(0, equals);
      violations.check(names.add(name), where + ".Env", name + " again", "each name once");
    }
    for (String port : config.exposedPorts()) {
      violations.check(isPort(port), where + ".ExposedPorts", port, "such as 80/tcp");
    }
    violations.check(!config.volumes().contains(""), where + ".Volumes", "an empty path", "paths");
    String directory = config.workingDir();
    boolean absolute =
        directory.isEmpty() || directory.startsWith("/") || image.platform().os().equals("windows");
    violations.check(absolute, where + ".WorkingDir", directory, "an absolute path");
    Healthcheck check = config.healthcheck();
    if (check != null) {
      boolean negative =
          Stream.of(check.interval(), check.timeout(), check.startPeriod(), check.startInterval())
              .anyMatch(Duration::isNegative);
      violations.check(
          !negative && check.retries() >= 0, where + ".Healthcheck", "a negative number", "none");
    }
  }

  /** The specification has no ranges; only Dockerfiles have. */
  private static boolean isPort(String text) {
    try {
      ExposedPort port = ExposedPort.parse(text);
      return port.first() == port.last();
    } catch (IllegalArgumentException e) {
      return false;
    }
  }
}

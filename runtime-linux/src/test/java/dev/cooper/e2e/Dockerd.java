package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A Docker daemon of a test's own, in a directory; ended by its process. */
final class Dockerd implements AutoCloseable {
  private final Path directory;
  private final Process daemon;

  private Dockerd(Path directory, Process daemon) {
    this.directory = directory;
    this.daemon = daemon;
  }

  static Dockerd start(Path directory, String... options) throws IOException, InterruptedException {
    Tools.requireRoot("a Docker daemon");
    Tools.require("dockerd", "docker");
    Files.createDirectories(directory);
    Path socket = directory.resolve("d.sock");
    List<String> command =
        new ArrayList<>(
            List.of(
                "dockerd",
                "--iptables=false",
                "--bridge=none",
                "--data-root=" + directory.resolve("data"),
                "--exec-root=" + directory.resolve("run"),
                "--pidfile=" + directory.resolve("pid"),
                "--host=unix://" + socket));
    command.addAll(List.of(options));
    Process daemon =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("log").toFile())
            .start();
    Dockerd started = new Dockerd(directory, daemon);
    for (int i = 0; i < 600 && !Files.exists(socket) && daemon.isAlive(); i++) {
      Thread.sleep(100);
    }
    if (!Files.exists(socket)) {
      String log = Files.readString(directory.resolve("log"));
      started.close();
      throw new AssertionError("dockerd does not start: " + log);
    }
    return started;
  }

  Tools.Ended attempt(String... arguments) {
    List<String> command =
        new ArrayList<>(List.of("docker", "--host=unix://" + directory.resolve("d.sock")));
    command.addAll(List.of(arguments));
    return Tools.attempt(Map.of(), command.toArray(new String[0]));
  }

  String run(String... arguments) {
    Tools.Ended ended = attempt(arguments);
    assertThat(ended.status()).as("%s", ended).isZero();
    return ended.output();
  }

  @Override
  public void close() throws IOException {
    daemon.destroy();
    try {
      assertThat(daemon.waitFor(30, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    // It mounts its root on itself, with ids mapped a directory below, and does not always unmount
    // them.
    String mounts = "grep -o ' " + directory + "/[^ ]* ' /proc/self/mountinfo | sort -ru";
    Tools.attempt(Map.of(), "sh", "-c", mounts + " | xargs -r -n 1 umount -l");
    Tools.run("rm", "-rf", directory.toString());
  }
}

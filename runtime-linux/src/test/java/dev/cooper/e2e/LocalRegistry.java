package dev.cooper.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The distribution project's registry, plain, on a loopback port of its own choice. */
final class LocalRegistry implements AutoCloseable {
  private static final Pattern LISTENING = Pattern.compile("listening on (127\\.0\\.0\\.1:[0-9]+)");

  private final Process process;
  private final Path log;
  private final String address;

  private LocalRegistry(Process process, Path log) {
    this.process = process;
    this.log = log;
    this.address = awaitAddress();
  }

  static LocalRegistry start(Path directory) throws IOException {
    return start(directory, "", "");
  }

  /**
   * With TLS, for who has the same certificate, and for one user alone: {@code tester} with the
   * password {@code pass word:1}.
   */
  static LocalRegistry guarded(Path directory, Path certificate, Path key) throws IOException {
    Path passwords =
        Files.writeString(
            directory.resolve("htpasswd"),
            "tester:$2y$05$EsVxQPzm14iSQVUmaG0Er.esNbob.eDMGOtzqv0QxPW9.GQvE3Ffm\n");
    return start(
        directory,
        "  tls: {certificate: "
            + certificate
            + ", key: "
            + key
            + ", clientcas: ["
            + certificate
            + "]}\n",
        "auth:\n  htpasswd: {realm: test, path: " + passwords + "}\n");
  }

  private static LocalRegistry start(Path directory, String tls, String auth) throws IOException {
    Tools.require("docker-registry");
    Path root = Files.createDirectories(directory.resolve("registry"));
    Path log = root.resolve("log");
    Path config =
        Files.writeString(
            root.resolve("config.yml"),
            """
            version: 0.1
            storage:
              filesystem:
                rootdirectory: %s
              delete:
                enabled: true
            http:
              addr: 127.0.0.1:0
            %s
            validation:
              manifests:
                urls:
                  allow: ['^http://127[.]0[.]0[.]1:']
            %s
            """
                .formatted(root.resolve("data"), tls, auth));
    Process process =
        new ProcessBuilder("docker-registry", "serve", config.toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    return new LocalRegistry(process, log);
  }

  private String awaitAddress() {
    try {
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
      while (System.nanoTime() < deadline && process.isAlive()) {
        Matcher found = LISTENING.matcher(log());
        if (found.find()) {
          return found.group(1);
        }
        process.waitFor(10, TimeUnit.MILLISECONDS);
      }
      throw new AssertionError("docker-registry did not start:\n" + log());
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** What it has written, with a line for each request. */
  String log() {
    try {
      return Files.readString(log, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A reference in it. */
  String at(String rest) {
    return address + "/" + rest;
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}

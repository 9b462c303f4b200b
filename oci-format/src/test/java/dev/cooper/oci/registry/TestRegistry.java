package dev.cooper.oci.registry;

import dev.cooper.oci.ImageReference;
import dev.cooper.oci.layout.PeerTool;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The distribution project's registry, on a loopback port of its own choice. */
final class TestRegistry implements AutoCloseable {
  static final String USER = "tester";
  static final String PASSWORD = "pass word:1";

  /** The two above, as {@code htpasswd -B} writes them. */
  private static final String HTPASSWD =
      "tester:$2y$05$EsVxQPzm14iSQVUmaG0Er.esNbob.eDMGOtzqv0QxPW9.GQvE3Ffm";

  private static final Pattern LISTENING = Pattern.compile("listening on 127\\.0\\.0\\.1:([0-9]+)");

  private final Process process;
  private final int port;

  private TestRegistry(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  /** Plain HTTP, for anybody. */
  static TestRegistry plain(Path directory) throws IOException {
    return start(directory, "", "");
  }

  /** TLS, for {@link #USER} alone. */
  static TestRegistry htpasswd(Path directory, TestCertificate certificate) throws IOException {
    Path file = Files.writeString(directory.resolve("htpasswd"), HTPASSWD + "\n");
    return start(
        directory,
        tls(certificate),
        "auth:\n  htpasswd:\n    realm: test\n    path: " + file + "\n");
  }

  /** Plain HTTP, for who has a token of a token server. */
  static TestRegistry token(Path directory, TokenServer tokens, TestCertificate signer)
      throws IOException {
    return start(
        directory,
        "",
        String.join(
            "\n",
            "auth:",
            "  token:",
            "    realm: " + tokens.realm(),
            "    service: " + TokenServer.SERVICE,
            "    issuer: " + TokenServer.ISSUER,
            "    rootcertbundle: " + signer.certificateFile,
            ""));
  }

  private static String tls(TestCertificate certificate) {
    return "  tls:\n    certificate: "
        + certificate.certificateFile
        + "\n    key: "
        + certificate.keyFile
        + "\n";
  }

  private static TestRegistry start(Path directory, String tls, String auth) throws IOException {
    PeerTool.require("docker-registry");
    Path root = Files.createTempDirectory(directory, "registry");
    Path log = root.resolve("log");
    String config =
        "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: "
            + root.resolve("data")
            + "\n  delete:\n    enabled: true\nhttp:\n  addr: 127.0.0.1:0\n"
            + tls
            + auth;
    Path file = Files.writeString(root.resolve("config.yml"), config);
    Process process =
        new ProcessBuilder("docker-registry", "serve", file.toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    try {
      return new TestRegistry(process, port(process, log));
    } catch (IOException e) {
      process.destroyForcibly();
      throw e;
    }
  }

  private static int port(Process process, Path log) throws IOException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (System.nanoTime() < deadline && process.isAlive()) {
      Matcher found = LISTENING.matcher(Files.readString(log, StandardCharsets.UTF_8));
      if (found.find()) {
        return Integer.parseInt(found.group(1));
      }
      try {
        Thread.sleep(10);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted", e);
      }
    }
    throw new IOException("docker-registry: " + Files.readString(log, StandardCharsets.UTF_8));
  }

  int port() {
    return port;
  }

  /** Host and port. */
  String address() {
    return "127.0.0.1:" + port;
  }

  ImageReference reference(String rest) {
    return ImageReference.parse(address() + "/" + rest);
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}

package dev.cooper.oci.registry;

import dev.cooper.oci.layout.PeerTool;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Keys and certificates as OpenSSL makes them. */
final class OpenSsl {
  private final Path directory;

  OpenSsl(Path directory) {
    this.directory = directory;
  }

  /** Runs {@code openssl} with arguments that are separated by spaces. */
  String run(String arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("openssl"));
    command.addAll(List.of(arguments.split(" ")));
    return PeerTool.run(directory, command.toArray(String[]::new));
  }

  /** {@code NAME.key} in PKCS#8. */
  Path key(String name, String type) throws IOException {
    String curve = type.equals("EC") ? " -pkeyopt ec_paramgen_curve:P-256" : "";
    run("genpkey -algorithm " + type + curve + " -out " + name + ".key");
    return directory.resolve(name + ".key");
  }

  /** {@code NAME.key} and {@code NAME.crt} of an authority. */
  Path authority(String name) throws IOException {
    key(name, "EC");
    run(
        "req -x509 -new -key "
            + name
            + ".key -subj /CN="
            + name
            + " -days 2 -out "
            + name
            + ".crt");
    return directory.resolve(name + ".crt");
  }

  /** {@code NAME.crt}, signed by an authority, for the key that is there, for localhost. */
  Path certificate(String name, String authority) throws IOException {
    run("req -new -key " + name + ".key -subj /CN=" + name + " -out " + name + ".csr");
    java.nio.file.Files.writeString(
        directory.resolve("ext"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
    run(
        ("x509 -req -in NAME.csr -CA CA.crt -CAkey CA.key -CAcreateserial -days 2"
                + " -extfile ext -out NAME.crt")
            .replace("NAME", name)
            .replace("CA.", authority + "."));
    return directory.resolve(name + ".crt");
  }
}

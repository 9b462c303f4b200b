package dev.cooper.linux;

import dev.cooper.command.Isolation;
import dev.cooper.command.Network;
import dev.cooper.command.Resources;
import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.spi.Cancellation;
import dev.cooper.spi.ProcessEnd;
import dev.cooper.spi.ProcessIo;
import dev.cooper.spi.ProcessSecurity;
import dev.cooper.spi.ProcessSpec;
import dev.cooper.spi.Rootfs;
import dev.cooper.spi.RuntimeOptions;
import dev.cooper.spi.TreeOutput;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Runs a program that only ends in an empty root, as commands are run. */
record IsolationTrial(RuntimeOptions options, Path directory) {
  private static final Duration LONG = Duration.ofSeconds(30);

  /** What an isolation gives here, once it was tried. */
  String of(Isolation isolation) {
    return switch (isolation) {
      case NAMESPACES ->
          "namespaces of its own, and the host's network or none" + run(isolation, Network.HOST);
      case CHROOT ->
          "another root directory and less rights, on a copied tree; the host's network and process ids"
              + run(isolation, Network.HOST);
      case OCI ->
          "what "
              + Engine.find(options.engine()).program()
              + " gives"
              + run(isolation, Network.HOST);
      case NONE -> "no command runs; all else works";
    };
  }

  /** Whether a command can have a network of its own, with nothing but a loopback device. */
  String ownNetwork() {
    return "a namespace of its own" + run(Isolation.NAMESPACES, Network.NONE);
  }

  /** Whether a command can have a network of its own that leads out. */
  String privateNetwork() {
    return "a namespace of its own, and out of it by "
        + NetworkTool.find(HostTools.places()).path()
        + run(Isolation.NAMESPACES, Network.PRIVATE);
  }

  /** Runs it; returns what was noticed. */
  private String run(Isolation isolation, Network network) {
    List<String> notices = new ArrayList<>();
    try (LinuxRuntime runtime = new LinuxRuntime(options.withIsolation(isolation))) {
      runtime.keeper();
      Path own = Files.createDirectory(directory.resolve("trial"));
      try {
        ProcessEnd end;
        try (Rootfs root = runtime.mount(List.of(), own, notices::add)) {
          write(root);
          end = root.run(process(network), io());
        }
        if (end.status() != 0) {
          throw new OperationException(
              "a program that does nothing ended with " + end + ": another filter may end it");
        }
      } finally {
        runtime.delete(own);
      }
    } catch (IOException e) {
      throw new OperationException("cannot write a program into " + directory + ": " + e, e);
    }
    return notices.isEmpty() ? "" : "; " + String.join("; ", notices);
  }

  private static void write(Rootfs root) throws IOException {
    byte[] program = SmallestProgram.of(Abi.CURRENT);
    try (TreeOutput output = root.write()) {
      output.begin(TarEntry.file(ByteString.utf8("program"), 0755, program.length));
      output.write(program, 0, program.length);
      output.end();
      output.finish();
    }
  }

  private static ProcessSpec process(Network network) {
    return new ProcessSpec(
        List.of("/program"),
        Map.of(),
        "/",
        0,
        0,
        List.of(),
        "cooper",
        network,
        List.of(),
        ProcessSecurity.DEFAULT,
        Resources.UNLIMITED);
  }

  private static ProcessIo io() {
    OutputStream nowhere = OutputStream.nullOutputStream();
    return new ProcessIo(null, nowhere, nowhere, LONG, new Cancellation());
  }
}

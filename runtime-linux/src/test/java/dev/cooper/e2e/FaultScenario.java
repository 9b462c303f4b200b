package dev.cooper.e2e;

import dev.cooper.Cooper;
import dev.cooper.CooperBuilder;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.command.Isolation;
import dev.cooper.image.PullPolicy;
import dev.cooper.image.SaveOptions;
import dev.cooper.oci.compress.Compression;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What is interrupted, killed or starved in a JVM of its own: an image is loaded and unpacked, a
 * command runs in it, what it and a copy changed is committed and saved, and another image is
 * removed. Or the same in containers with names, that are closed and opened again.
 */
final class FaultScenario {
  private static final int LARGE = 600_000;

  private FaultScenario() {}

  /** How it builds. */
  enum Kind {
    /** In containers without names. */
    ONCE,
    /** In two with names; of one, each step is a layer. */
    NAMED,
    /** Likewise, in a copy of the layers without an overlay. */
    COPIED
  }

  static CooperBuilder builder(Path store, Kind kind) {
    return builder(store).isolation(kind == Kind.COPIED ? Isolation.CHROOT : Isolation.NAMESPACES);
  }

  static CooperBuilder builder(Path store) {
    return Cooper.builder().store(store).pullPolicy(PullPolicy.NEVER).sourceDate(EndToEnd.NOW);
  }

  /** A root with no more than what the scenario needs. */
  static byte[] base() throws IOException {
    byte[] program = Files.readAllBytes(Path.of("/bin/busybox"));
    return Tars.of(
        tar -> {
          Tars.directory(tar, "bin", 0755);
          Tars.file(tar, "bin/busybox", 0755, program);
          for (String applet : new String[] {"sh", "cat", "sleep", "true", "mkdir"}) {
            Tars.link(tar, "bin/" + applet, "busybox");
          }
          Tars.directory(tar, "tmp", 01777);
        });
  }

  /** Makes the layout that the scenario loads. */
  static Path layout(Path directory) throws IOException {
    Tools.require("busybox");
    Path tar = Files.write(directory.resolve("base.tar"), base());
    Path layout = directory.resolve("layout");
    try (Cooper cooper = builder(directory.resolve("maker")).build()) {
      Image image = cooper.importRoot(tar).tag("base:1");
      image.save(layout, SaveOptions.ociLayout().compression(Compression.GZIP));
      image.remove();
    }
    return layout;
  }

  /** Does it all; gives the digest of what was built. */
  static String build(Cooper cooper, Path layout, Path saved) {
    cooper.loadAndUnpack(layout);
    Image image;
    try (WorkingContainer c = cooper.from("base:1")) {
      image =
          c.env("A", "b")
              .write("/copied", "c".repeat(LARGE))
              .run("mkdir /made && echo run > /made/by-run")
              .commit("built:1");
    }
    image.save(saved, SaveOptions.ociArchive().compression(Compression.NONE));
    try (WorkingContainer c = cooper.from("base:1")) {
      c.write("/other", "other").commit("other:1").remove();
    }
    return image.digest().toString();
  }

  static String build(Cooper cooper, Path layout, Path saved, Kind kind) {
    if (kind == Kind.ONCE) {
      return build(cooper, layout, saved);
    }
    cooper.loadAndUnpack(layout);
    return named(cooper, "once", false) + named(cooper, "layers", true);
  }

  private static String named(Cooper cooper, String name, boolean layers) {
    try (WorkingContainer c = cooper.from("base:1")) {
      c.name(name);
      if (layers) {
        c.layerPerStep();
      }
      c.write("/copied", "c".repeat(LARGE)).write("/other", "o").run("echo 1 > /one");
    }
    try (WorkingContainer c = cooper.container(name)) {
      Image image = c.run("cat /one /copied > /made").commit(name + ":1");
      c.remove();
      return image.digest().toString();
    }
  }

  /**
   * STORE LAYOUT SAVED KIND: prints the digest, or ends with status 3 and prints what was thrown.
   */
  public static void main(String[] arguments) throws IOException {
    String said;
    int status = 0;
    Kind kind = Kind.valueOf(arguments[3]);
    try (Cooper cooper = builder(Path.of(arguments[0]), kind).build()) {
      said = build(cooper, Path.of(arguments[1]), Path.of(arguments[2]), kind);
    } catch (RuntimeException e) {
      said = String.valueOf(e);
      status = 3;
    }
    System.out.write((said + "\n").getBytes(StandardCharsets.UTF_8));
    System.out.flush();
    System.exit(status);
  }
}

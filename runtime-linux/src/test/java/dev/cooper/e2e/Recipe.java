package dev.cooper.e2e;

import dev.cooper.Cooper;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import java.nio.file.Path;
import java.time.Instant;

/** A build in a JVM of its own: STORE BASE SOURCES; prints the image's digest. */
final class Recipe {
  private Recipe() {}

  public static void main(String[] arguments) throws Exception {
    Instant time = Instant.ofEpochSecond(1_600_000_000L);
    try (Cooper cooper = Cooper.builder().store(Path.of(arguments[0])).sourceDate(time).build();
        WorkingContainer c = cooper.from(Path.of(arguments[1]))) {
      Image image =
          c.env("A", "grüße")
              .copy(Path.of(arguments[2]), "/sources", o -> o.exclude("*.tmp"))
              .run(
                  "mkdir -p /made/dir && echo text > /made/dir/file && ln /made/dir/file /made/hard")
              .run("for i in z y x a b c; do echo $i > /made/$i; done; rm -r /srv/real")
              .run(
                  "for f in /usr/share/ca-certificates/*; do test ! -e \"$f\" || chmod 600 \"$f\"; done")
              .write("/etc/motd", "grüße\n")
              .workdir("/work")
              .label("b", "2")
              .label("a", "1")
              .commit("made:1");
      System.out.println(image.digest());
      System.out.println(image.manifest().layers());
    }
  }
}

package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.Command;
import dev.cooper.Mount;
import dev.cooper.WorkingContainer;
import dev.cooper.oci.CooperException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * A program swaps a directory of a container for a link that leads outside, again and again, while
 * something goes on that passes through it. What lies outside stays as it was.
 */
class RacesIT extends EndToEnd {
  private static final int ROUNDS = 10_000;
  private static final long MOST = 6_000_000_000L;

  private Path canary;

  @BeforeEach
  void makeTheCanary() throws IOException {
    canary = Files.createDirectory(temp.resolve("canary"));
    Files.writeString(canary.resolve("f"), "untouched");
    Files.createDirectories(canary.resolve("in/stub"));
  }

  /** {@code /r} is a directory and a link to the canary by turns; a program of the host does it. */
  private Process swapping(WorkingContainer container) throws IOException {
    container.run("mkdir -p /r/in /keep && ln -s " + canary + " /l");
    return new ProcessBuilder(
            "sh",
            "-c",
            "while :; do mv -T r keep/r; mv -T l r; mv -T r l; mv -T keep/r r; done 2>/dev/null")
        .directory(container.mountPath().toFile())
        .start();
  }

  private interface Step {
    void run() throws IOException;
  }

  /** Returns how often it did not fail. */
  private int race(WorkingContainer container, Step step) throws IOException {
    int done = 0;
    CooperException last = null;
    Process swapping = swapping(container);
    try {
      long end = System.nanoTime() + MOST;
      for (int i = 0; i < ROUNDS && System.nanoTime() < end; i++) {
        try {
          step.run();
          done++;
        } catch (CooperException refused) {
          assertThat(refused.getMessage()).hasSizeGreaterThan(10);
          last = refused;
        }
      }
    } finally {
      swapping.destroyForcibly().onExit().join();
    }
    try (Stream<Path> all = Files.walk(canary)) {
      assertThat(all.map(path -> canary.relativize(path).toString()))
          .containsExactlyInAnyOrder("", "f", "in", "in/stub");
    }
    assertThat(canary.resolve("f")).hasContent("untouched");
    assertThat(done).as("%s", last).isPositive();
    return done;
  }

  @Test
  @DisplayName("CVE-2018-15664: a link is swapped while files are copied through it")
  void copies() throws IOException {
    try (WorkingContainer c = container()) {
      c.run("true");
      assertThat(race(c, () -> c.write("/r/f", "evil"))).isPositive();
    }
  }

  @Test
  @DisplayName("CVE-2019-10152: a link is swapped while files are copied out through it")
  void copiesOut() throws IOException {
    try (WorkingContainer from = container();
        WorkingContainer to = container()) {
      from.run("mkdir /r && echo mine >/r/f");
      to.run("true");
      race(from, () -> to.copyFrom(from, "/r/f", "/got", o -> o));
      assertThat(to.exec("/bin/cat", "/got").out()).isIn("mine\n", "");
    }
  }

  @Test
  @DisplayName(
      "CVE-2024-23652, CVE-2024-45310: a link is swapped while places are made and removed")
  void mountPlaces() throws IOException {
    try (WorkingContainer c = container()) {
      c.run("true");
      race(
          c,
          () ->
              c.exec(
                  Command.exec("/bin/true")
                      .mount(Mount.tmpfs("/r/in/stub"))
                      .mount(Mount.tmpfs("/r/new/deep"))));
    }
  }

  @Test
  @DisplayName("CVE-2024-11218, CVE-2024-1753: a link is swapped while it is bound elsewhere")
  void bindSources() throws IOException {
    try (WorkingContainer other = container();
        WorkingContainer c = container()) {
      other.run("mkdir /r && echo mine >/r/f");
      c.run("true");
      Path source = other.mountPath().resolve("r");
      race(
          other,
          () ->
              assertThat(
                      c.exec(
                              Command.exec("/bin/cat", "/in/f")
                                  .mount(Mount.bindWritable(source, "/in")))
                          .out())
                  .isIn("mine\n", ""));
    }
  }
}

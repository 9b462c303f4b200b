package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.RunningCommand;
import dev.cooper.WorkingContainer;
import dev.cooper.command.Command;
import dev.cooper.command.Mount;
import dev.cooper.oci.CooperException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A program swaps a directory of a container for a link that leads outside, again and again, while
 * something goes on that passes through it. What lies outside stays as it was.
 */
@Tag("storm")
class RacesIT extends EndToEnd {
  private static final int ROUNDS = 10_000;
  private static final long MOST = 10_000_000_000L;

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
    Process swapping = swapping(container);
    return race(step, () -> swapping.destroyForcibly().onExit().join());
  }

  private int race(Step step, Step stop) throws IOException {
    int done = 0;
    CooperException last = null;
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
      stop.run();
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
  @DisplayName(
      "CVE-2018-15664, CVE-2024-45310: a link is swapped while files are copied through it")
  void copies() throws IOException {
    Path tree = host("tree/f", "evil").getParent();
    Path archive = temp.resolve("a.tar");
    Files.write(archive, Tars.of(out -> Tars.file(out, "f", 0644, new byte[] {1})));
    try (WorkingContainer c = container()) {
      c.run("true");
      AtomicInteger turn = new AtomicInteger();
      List<Step> steps =
          List.of(
              () -> c.write("/r/f", "evil"),
              () -> c.copy(tree, "/r/in/"),
              () -> c.add(archive, "/r/in/"),
              () -> c.workdir("/r/in/deep/er"));
      race(c, () -> steps.get(turn.getAndIncrement() % steps.size()).run());
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
  @DisplayName(
      "CVE-2024-11218, CVE-2024-23651, CVE-2024-1753: another stage swaps a link while it is bound")
  void bindSources() throws IOException {
    try (WorkingContainer other = container();
        WorkingContainer c = container()) {
      other.run("mkdir -p /r/in /keep && echo mine >/r/f && ln -s " + canary + " /l");
      c.run("true");
      Path source = other.mountPath().resolve("r");
      RunningCommand stage =
          other.start(
              Command.shell(
                  "while :; do mv r keep/r; mv l r; mv r l; mv keep/r r; done 2>/dev/null"));
      race(
          () ->
              assertThat(
                      c.exec(
                              Command.exec("/bin/cat", "/in/f")
                                  .mount(Mount.bindWritable(source, "/in")))
                          .out())
                  .isIn("mine\n", ""),
          stage::close);
    }
  }
}

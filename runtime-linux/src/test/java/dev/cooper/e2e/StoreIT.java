package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.Cooper;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.command.Command;
import dev.cooper.command.Mount;
import dev.cooper.command.Secret;
import dev.cooper.error.ContainerNotFoundException;
import dev.cooper.error.ContainerStateException;
import dev.cooper.error.ImageNotFoundException;
import dev.cooper.maintenance.ContainerInfo;
import dev.cooper.oci.OperationException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Images by name and id; working containers that outlive a JVM, and those that do not. */
class StoreIT extends EndToEnd {
  @Test
  void imageWhenNamedIsFoundByNameAndId() throws IOException {
    Image image = busybox().tag("registry.example.com/team/base:1").tag("base");
    assertThat(cooper.image("base").id()).isEqualTo(image.id());
    assertThat(cooper.image("docker.io/library/base:latest").id()).isEqualTo(image.id());
    assertThat(cooper.image("registry.example.com/team/base:1").names())
        .containsExactly("registry.example.com/team/base:1");
    assertThat(cooper.images().get(0).names())
        .containsExactlyInAnyOrder("base:latest", "registry.example.com/team/base:1");
    assertThat(cooper.image(image.id().hex().substring(0, 12)).id()).isEqualTo(image.id());
    assertThat(cooper.image(image.id().toString()).id()).isEqualTo(image.id());
    assertThat(cooper.findImage("base:2")).isEmpty();
    assertThatThrownBy(() -> cooper.image("base:2"))
        .isInstanceOf(ImageNotFoundException.class)
        .hasMessageContaining("base:2")
        .hasMessageContaining("base:latest");
    image.untag("base");
    assertThat(cooper.findImage("base")).isEmpty();
    assertThat(cooper.images()).hasSize(1);
    assertThat(image.size()).isGreaterThan(100_000);
  }

  @Test
  void tagWhenAnotherImageHadTheNameTakesItAway() throws IOException {
    Image first = busybox().tag("app:1");
    try (WorkingContainer c = container()) {
      Image second = c.write("/x", "x").commit("app:1");
      assertThat(cooper.image("app:1").id()).isEqualTo(second.id()).isNotEqualTo(first.id());
      assertThat(cooper.images()).hasSize(2);
    }
  }

  @Test
  void removeWhenAContainerNeedsItFailsAndElseFreesEverything() throws IOException {
    Image image = busybox().tag("app:1");
    try (WorkingContainer c = container()) {
      c.run("true");
      assertThatThrownBy(image::remove)
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("app:1");
      assertThat(c.run("echo still here").commit().manifest().layers()).hasSize(1);
    }
    cooper.images().forEach(Image::remove);
    assertThat(cooper.images()).isEmpty();
    assertThat(names(store.resolve("blobs/sha256"))).isEmpty();
    assertThat(names(store.resolve("layers")).stream().filter(each -> !each.startsWith(".")))
        .isEmpty();
  }

  @Test
  void containerWhenNamedOutlivesTheJvmThatMadeIt() throws IOException {
    busybox().tag("base:1");
    ChildJvm.run(Map.of(), List.of(), Maker.class, store.toString(), "kept");
    assertThat(cooper.containers()).extracting(ContainerInfo::name).containsExactly("kept");
    try (WorkingContainer c = cooper.container("kept")) {
      assertThat(cat(c, "/by-run")).isEqualTo("run\n");
      assertThat(cat(c, "/by-write")).isEqualTo("write");
      assertThat(c.config().config().env()).contains("A=b");
      c.run("echo more > /more").name("renamed");
    }
    assertThat(cooper.containers()).extracting(ContainerInfo::name).containsExactly("renamed");
    assertThatThrownBy(() -> cooper.container("kept"))
        .isInstanceOf(ContainerNotFoundException.class)
        .hasMessageContaining("kept");
    WorkingContainer c = cooper.container("renamed");
    Image image = c.commit("from-two-jvms:1");
    assertThat(Tars.last(store, image)).containsKeys("by-run", "by-write", "more");
    assertThat(image.history().toString()).contains("by-run", "by-write", "more", "ENV A=b");
    c.remove();
    assertThat(cooper.containers()).isEmpty();
  }

  @Test
  void containerWhenItsJvmWasKilledIsKeptOnlyIfNamed() throws Exception {
    busybox().tag("base:1");
    for (String name : List.of("kept", "-")) {
      Process child = ChildJvm.start(Maker.class, store.toString(), name, "wait");
      try (BufferedReader out =
          new BufferedReader(
              new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8))) {
        assertThat(out.readLine()).isEqualTo("waiting");
        if (!name.equals("-")) {
          assertThatThrownBy(() -> cooper.container(name))
              .isInstanceOf(OperationException.class)
              .hasMessageContaining(name);
        }
      } finally {
        child.destroyForcibly();
      }
      assertThat(child.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }
    try (Cooper again = builder().build()) {
      assertThat(again.containers()).extracting(ContainerInfo::name).containsExactly("kept");
      try (WorkingContainer c = again.container("kept")) {
        assertThat(cat(c, "/by-run")).isEqualTo("run\n");
        c.remove();
      }
    }
    assertThat(names(store.resolve("containers"))).isEmpty();
  }

  /** STORE NAME [wait]: makes a container that is named, unless the name is {@code -}. */
  static final class Maker {
    public static void main(String[] arguments) throws Exception {
      Cooper cooper = Cooper.builder().store(Path.of(arguments[0])).build();
      WorkingContainer c = cooper.from("base:1");
      if (!arguments[1].equals("-")) {
        c.name(arguments[1]);
      }
      c.env("A", "b").write("/by-write", "write").run("echo run > /by-run");
      if (arguments.length > 2) {
        System.out.println("waiting");
        Thread.sleep(600_000);
      }
      cooper.close();
    }
  }

  @Test
  void nameWhenTakenOrBadFails() throws IOException {
    try (WorkingContainer one = container();
        WorkingContainer two = container()) {
      one.name("taken");
      assertThatThrownBy(() -> two.name("taken"))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("taken");
      for (String bad : List.of("", "a/b", "..", "a b", "\0", "x".repeat(500))) {
        assertThatThrownBy(() -> two.name(bad)).as(bad).isInstanceOf(RuntimeException.class);
      }
      one.remove();
      two.name("taken");
      two.remove();
    }
  }

  @Test
  void mountPathWhenAskedForIsReadableByOtherPrograms() throws IOException {
    try (WorkingContainer c = container()) {
      c.write("/by-write", "w").run("echo r > /by-run");
      Path path = c.mountPath();
      assertThat(Tools.run("ls", path.toString()).split("\n"))
          .contains("bin", "by-write", "by-run");
      assertThat(Tools.run("cat", path.resolve("by-run").toString())).isEqualTo("r\n");
      Files.writeString(path.resolve("tmp/from-outside"), "o");
      assertThat(Tars.last(store, c.commit())).containsKey("tmp/from-outside");
    }
  }

  // --- secrets

  @Test
  void secretWhenMountedIsNowhereAfterwards() throws IOException {
    String canary = "canary-" + "7f3a9c";
    Secret secret = Secret.of("token", canary);
    StringBuilder told = new StringBuilder(secret.toString());
    try (WorkingContainer c = container()) {
      told.append(Command.exec("/bin/true").mount(Mount.secret(secret)).env("TOKEN", canary));
      assertThat(
              c.exec(
                      Command.exec("/bin/wc", "-c", "/run/secrets/token")
                          .mount(Mount.secret(secret)))
                  .out())
          .startsWith(canary.length() + " ");
      c.run(Command.exec("/bin/cp", "/run/secrets/token", "/dev/null").mount(Mount.secret(secret)));
      assertThatThrownBy(
              () ->
                  c.run(
                      Command.shell("test -s /run/secrets/token && exit 3")
                          .mount(Mount.secret(secret))))
          .satisfies(e -> told.append(e))
          .hasMessageContaining("3");
      assertThatThrownBy(
              () ->
                  c.run(Command.exec("/bin/none").env("TOKEN", canary).mount(Mount.secret(secret))))
          .satisfies(e -> told.append(e));
      c.run(Command.shell("test -n \"$TOKEN\"").env("TOKEN", canary));
      Image image = c.name("named").write("/x", "x").commit("app:1");
      told.append(image).append(image.history()).append(image.config()).append(c);
      assertThat(Tars.last(store, image)).containsOnlyKeys("x");
    }
    told.append(events);
    assertThat(told.toString()).doesNotContain(canary);
    assertThat(
            Tools.attempt(Map.of(), "grep", "-r", "-s", "-l", "-a", canary, store.toString())
                .output())
        .doesNotContain(store + "/");
    cooper.container("named").remove();
  }

  // --- states

  @Test
  void callsWhenClosedFail() throws IOException {
    WorkingContainer c = container();
    WorkingContainer other = container();
    c.close();
    c.close();
    List<Runnable> calls = new ArrayList<>();
    calls.add(() -> c.run("true"));
    calls.add(() -> c.write("/x", "x"));
    calls.add(() -> c.env("A", "b"));
    calls.add(c::commit);
    calls.add(() -> c.start(Command.exec("/bin/true")));
    calls.add(c::mountPath);
    for (Runnable each : calls) {
      assertThatThrownBy(each::run)
          .isInstanceOf(ContainerStateException.class)
          .hasMessageContaining("closed");
    }
    Image image = busybox();
    cooper.close();
    cooper.close();
    assertThatThrownBy(() -> cooper.from("scratch"))
        .isInstanceOf(ContainerStateException.class)
        .hasMessageContaining("closed");
    assertThatThrownBy(() -> cooper.images()).isInstanceOf(ContainerStateException.class);
    assertThatThrownBy(image::container).isInstanceOf(ContainerStateException.class);
    assertThatThrownBy(() -> other.run("true")).isInstanceOf(RuntimeException.class);
  }
}

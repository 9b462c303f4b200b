package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.oci.OperationException;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** The directories that WORKDIR and VOLUME make. */
class DirectoriesIT extends CopySources {
  @Test
  void workdirWhenAUserIsSetMakesItsDirectories() throws IOException {
    assertSameEverywhere(
        busybox(),
        r ->
            r.c()
                .user("app")
                .workdir("/w1/w2")
                .user("9999")
                .workdir("n")
                .user("app:more")
                .workdir("/srv/new")
                .user("")
                .workdir("/root-made"),
        "");
    try (WorkingContainer c = container()) {
      c.user("app").workdir("/w1/w2");
      assertThat(c.exec("/bin/sh", "-c", "echo x > file").status()).isZero();
      c.user("9999").workdir("n").user("7").workdir("/srv/real/deep").user("app:more").workdir("g");
      var last = Tars.last(store, c.user("").workdir("/root-made").commit());
      assertThat(last.get("w1").line()).startsWith("DIRECTORY 0755 1000:1001");
      assertThat(last.get("w1/w2").line()).startsWith("DIRECTORY 0755 1000:1001");
      assertThat(last.get("w1/w2/n").line()).startsWith("DIRECTORY 0755 9999:9999");
      assertThat(last.get("srv/real/deep").line()).startsWith("DIRECTORY 0755 7:7");
      assertThat(last.get("srv/real/deep/g").line()).startsWith("DIRECTORY 0755 1000:1002");
      assertThat(last.get("root-made").line()).startsWith("DIRECTORY 0755 0:0");
      assertThat(last.get("w1/w2/file").line()).startsWith("FILE 0644 1000:1001");
      assertThatThrownBy(() -> c.user("nobody-here").workdir("/not/there"))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("nobody-here");
      c.workdir("/srv"); // is there: nobody is looked up
    }
  }

  @Test
  void volumeWhenItsDirectoryIsMissingMakesIt() throws IOException {
    assertSameEverywhere(
        busybox(), r -> r.c().user("app").volume("/data/db").volume("/srv/linked/v"), "");
    for (boolean mounted : new boolean[] {false, true}) {
      try (WorkingContainer c = container()) {
        if (mounted) {
          c.run("true");
        }
        Image image = c.user("app").volume("/data/db").volume("/srv/real").commit();
        assertThat(Tars.last(store, image)).containsOnlyKeys("data", "data/db");
        assertThat(Tars.last(store, image).get("data/db").line()).startsWith("DIRECTORY 0755 0:0");
        assertThat(image.config().config().volumes()).contains("/data/db", "/srv/real");
        assertThatThrownBy(() -> c.volume("/srv/file"))
            .isInstanceOf(OperationException.class)
            .hasMessageContaining("/srv/file");
      }
    }
  }
}

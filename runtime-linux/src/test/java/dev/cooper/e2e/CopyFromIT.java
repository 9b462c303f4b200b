package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.Image;
import dev.cooper.RunningCommand;
import dev.cooper.WorkingContainer;
import dev.cooper.command.Command;
import dev.cooper.error.ContainerStateException;
import dev.cooper.error.SourceNotFoundException;
import dev.cooper.step.CopyOptions;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Copies from other containers and images: the Dockerfile's COPY --from. */
class CopyFromIT extends CopySources {
  @Test
  void copyFromWhenSourceIsAContainerOrAnImageCopies() throws IOException {
    try (WorkingContainer builder = container();
        WorkingContainer c = container()) {
      builder.run(
          "mkdir /out && echo built > /out/app && chown -R 5:6 /out && chmod 4750 /out/app && ln -s app /out/l"
              + " && ln -s /out/app /link && ln -s /out /dl && chown -h 7:7 /out/l");
      Image built = builder.commit();
      for (boolean image : new boolean[] {false, true}) {
        copyFrom(c, builder, built, image, "/out", "/one", o -> o);
        copyFrom(c, builder, built, image, "/out/app", "/two/", o -> o.owner("7:8").mode(0700));
        copyFrom(c, builder, built, image, "/srv/linked/old", "/three", o -> o);
        copyFrom(c, builder, built, image, "/link", "/four/", o -> o);
        copyFrom(c, builder, built, image, "link", "/four/named", o -> o);
        copyFrom(c, builder, built, image, "/dl", "/five/", o -> o);
        var last = Tars.last(store, c.commit());
        assertThat(last.get("one").line()).startsWith("DIRECTORY 0755 0:0");
        assertThat(last.get("one/app").line()).startsWith("FILE 4750 5:6 6 ");
        assertThat(last.get("one/l").line()).startsWith("SYMLINK 0777 7:7");
        assertThat(last.get("one/l").entry().link().toString()).isEqualTo("app");
        assertThat(last.get("two/app").line()).startsWith("FILE 0700 7:8 6 ");
        assertThat(last.get("three").text()).isEqualTo("old\n");
        assertThat(last.get("four").line()).startsWith("DIRECTORY 0755 0:0");
        assertThat(last.get("four/link").line()).startsWith("FILE 4750 5:6 6 ");
        assertThat(last.get("four/named").line()).startsWith("FILE 4750 5:6 6 ");
        assertThat(last).doesNotContainKeys("four/app", "five/dl");
        assertThat(last.get("five/app").line()).startsWith("FILE 4750 5:6 6 ");
        c.run("rm -r /one /two /three /four /five");
      }
      assertThatThrownBy(() -> c.copyFrom(built, "/none", "/x", o -> o))
          .isInstanceOf(SourceNotFoundException.class)
          .hasMessageContaining("/none");
      assertThatThrownBy(() -> c.copyFrom(c, "/srv", "/x", o -> o))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  private static void copyFrom(
      WorkingContainer to,
      WorkingContainer container,
      Image image,
      boolean fromImage,
      String source,
      String destination,
      UnaryOperator<CopyOptions> options) {
    if (fromImage) {
      to.copyFrom(image, source, destination, options);
    } else {
      to.copyFrom(container, source, destination, options);
    }
  }

  @Test
  void copyFromWhenSeveralThreadsCopyFromOneContainerAllDo() throws Exception {
    int many = 4;
    ExecutorService pool = Executors.newFixedThreadPool(many);
    try (WorkingContainer source = container()) {
      source.run("mkdir /out && for i in 1 2 3 4 5 6 7 8 9; do echo $i > /out/$i; done");
      for (boolean mounted : new boolean[] {false, true}) {
        try (WorkingContainer other = mounted ? source : cooper.from(source.commit())) {
          CyclicBarrier together = new CyclicBarrier(many);
          List<Future<Integer>> all = new ArrayList<>();
          for (int i = 0; i < many; i++) {
            all.add(
                pool.submit(
                    () -> {
                      try (WorkingContainer c = cooper.scratch()) {
                        together.await();
                        for (int round = 0; round < 20; round++) {
                          c.copyFrom(other, "/out", "/" + round);
                        }
                        return Tars.last(store, c.commit()).size();
                      }
                    }));
          }
          for (Future<Integer> each : all) {
            assertThat(each.get()).isEqualTo(20 * 10);
          }
        }
      }
    } finally {
      pool.shutdownNow();
    }
  }

  @Test
  void copyFromWhenACommandRunsThereSaysSo() throws IOException {
    try (WorkingContainer source = container();
        WorkingContainer c = container();
        RunningCommand running = source.start(Command.exec("/bin/sleep", "300"))) {
      assertThatThrownBy(() -> c.copyFrom(source, "/srv", "/x"))
          .isInstanceOf(ContainerStateException.class)
          .hasMessageContaining("/bin/sleep 300");
      assertThat(running.isDone()).isFalse();
    }
  }
}

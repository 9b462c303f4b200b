package dev.cooper.container;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.TestImages;
import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.TarEntry;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StepTarTest {
  private static final int LONG = 30_000;

  @TempDir Path directory;

  private static ByteString name(int number) {
    return ByteString.utf8("n" + number);
  }

  /** Each name a hardlink to the one before, back to the first. */
  private StepTar chain(boolean whole) throws IOException {
    return StepTar.write(
        directory.resolve(whole + ".tar"),
        sink -> {
          if (whole) {
            TestImages.file(sink, "n0", "content");
          }
          for (int i = 1; i < LONG; i++) {
            sink.put(TarEntry.hardlink(name(i), name(i - 1)));
          }
        });
  }

  /** As many steps as there are links: a hostile archive's may be all one chain. */
  @Test
  void fileOfALongChainOfHardlinksIsItsFirst() throws IOException {
    StepTar step = chain(true);
    assertThat(step.file(name(LONG - 1))).isEqualTo(name(0));
    assertThat(step.file(name(1))).isEqualTo(name(0));
    assertThat(step.strayHardlink()).isNull();
  }

  @Test
  void fileOfALongChainThatLeadsOutIsNone() throws IOException {
    StepTar step = chain(false);
    assertThat(step.file(name(LONG - 1))).isNull();
    assertThat(step.file(name(1))).isNull();
    assertThat(step.strayHardlink()).isNotNull();
  }

  @Test
  void fileOfHardlinksThatGoRoundIsNone() throws IOException {
    StepTar step =
        StepTar.write(
            directory.resolve("round.tar"),
            sink -> {
              sink.put(TarEntry.hardlink(name(1), name(2)));
              sink.put(TarEntry.hardlink(name(2), name(1)));
              sink.put(TarEntry.hardlink(name(3), name(1)));
            });
    for (int i = 1; i <= 3; i++) {
      assertThat(step.file(name(i))).isNull();
    }
    assertThat(step.strayHardlink()).isNotNull();
  }
}

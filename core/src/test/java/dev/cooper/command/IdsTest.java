package dev.cooper.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.PlainRuntime;
import dev.cooper.TestImages;
import dev.cooper.io.Directories;
import dev.cooper.oci.ImageLimits;
import dev.cooper.oci.OperationException;
import dev.cooper.spi.RuntimeOptions;
import dev.cooper.store.Store;
import dev.cooper.text.Choice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdsTest {
  private static final RuntimeOptions MAPPED = RuntimeOptions.DEFAULT;
  private static final RuntimeOptions SINGLE = new RuntimeOptions(Isolation.NAMESPACES, "", true);

  @TempDir Path temp;

  private void open(RuntimeOptions options) throws IOException {
    Store.open(
            temp.resolve("store"),
            Clock.systemUTC(),
            ImageLimits.DEFAULT,
            options,
            () -> new PlainRuntime(message -> {}))
        .close();
  }

  @Test
  void ofEnvironmentWhenNothingIsSaidIsMapped() {
    assertThat(Choice.of("COOPER_IDS", null, Ids.MAPPED)).isEqualTo(Ids.MAPPED);
    assertThat(Choice.of("COOPER_IDS", "", Ids.MAPPED)).isEqualTo(Ids.MAPPED);
    assertThat(Choice.of("COOPER_IDS", "single", Ids.MAPPED)).isEqualTo(Ids.SINGLE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"Single", "one", "0"})
  void ofEnvironmentWhenItIsNoneOfThemSaysWhichThereAre(String value) {
    assertThatThrownBy(() -> Choice.of("COOPER_IDS", value, Ids.MAPPED))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("COOPER_IDS")
        .hasMessageContaining(value)
        .hasMessageContaining("mapped, single");
  }

  @Test
  void storeWhereNothingIsUnpackedBecomesWhatItIsOpenedAs() throws IOException {
    open(MAPPED);
    open(SINGLE);
    assertThat(temp.resolve("store/single-id")).exists();
    open(MAPPED);
    assertThat(temp.resolve("store/single-id")).doesNotExist();
  }

  @Test
  void storeOfOtherIdsIsRefusedAndStaysAsItIs() throws IOException {
    open(SINGLE);
    Path tree = Files.createDirectories(temp.resolve("store/layers/aa/tree"));
    assertThatThrownBy(() -> open(MAPPED))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("single id")
        .hasMessageContaining("COOPER_STORE");
    open(SINGLE);
    Files.delete(tree);
    open(MAPPED);
    Files.createDirectories(tree);
    assertThatThrownBy(() -> open(SINGLE))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("COOPER_IDS=single");
    assertThat(temp.resolve("store/single-id")).doesNotExist();
    open(MAPPED);
  }

  @Test
  void storeOfEitherKindOpensWhereNothingIsUnpackedAtAll() throws IOException {
    open(SINGLE);
    Files.createDirectories(temp.resolve("store/layers/aa/tree"));
    open(MAPPED.withIsolation(Isolation.NONE));
    assertThat(temp.resolve("store/single-id")).exists();
  }

  @Test
  void storeThatIsOpenStaysOfItsKind() throws IOException {
    Path store = temp.resolve("store");
    try (Store open = TestImages.open(store)) {
      assertThatThrownBy(() -> open(SINGLE)).isInstanceOf(OperationException.class);
      assertThat(store.resolve("single-id")).doesNotExist();
      assertThat(store.resolve("staging")).isDirectoryContaining(open.staging()::equals);
      assertThat(Directories.list(store.resolve("staging"))).hasSize(1);
    }
    open(SINGLE);
  }
}

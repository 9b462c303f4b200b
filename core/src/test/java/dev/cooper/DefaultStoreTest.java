package dev.cooper;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Where the store lies unless somebody says otherwise. */
class DefaultStoreTest {
  @Test
  void storeIsWhereTheEnvironmentSays() {
    assertThat(CooperBuilder.defaultStore("/named", "/data", "/home/a"))
        .isEqualTo(Path.of("/named"));
    assertThat(CooperBuilder.defaultStore("", "/data", "/home/a"))
        .isEqualTo(Path.of("/data/cooper/store"));
    assertThat(CooperBuilder.defaultStore(null, "", "/home/a"))
        .isEqualTo(Path.of("/home/a/.local/share/cooper/store"));
    assertThat(CooperBuilder.defaultStore(null, null, ""))
        .isEqualTo(Path.of(System.getProperty("user.home"), ".local/share/cooper/store"));
  }
}

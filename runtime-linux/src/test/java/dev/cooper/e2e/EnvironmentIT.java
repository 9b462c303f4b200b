package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.Builder;
import dev.cooper.Cooper;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What the environment says to a Cooper that nothing else was said to. */
class EnvironmentIT extends EndToEnd {
  @Test
  void buildWhenEnvironmentSaysSoTakesStoreAndDate() throws IOException {
    String printed =
        ChildJvm.run(
            Map.of("COOPER_STORE", store.toString(), "SOURCE_DATE_EPOCH", "1000000000"),
            List.of(),
            Build.class);
    assertThat(printed.strip()).isEqualTo("2001-09-09T01:46:40Z");
    assertThat(cooper.findImage("by-environment:1")).isPresent();
  }

  @Test
  void buildWhenDataHomeIsSetKeepsTheStoreThere() {
    ChildJvm.run(
        Map.of("COOPER_STORE", "", "XDG_DATA_HOME", temp.resolve("data").toString()),
        List.of(),
        Build.class);
    assertThat(temp.resolve("data/cooper/store/oci-layout")).exists();
  }

  @Test
  void buildWhenDateIsNoNumberSaysWhichVariable() {
    Tools.Ended ended =
        Tools.attempt(
            Map.of("COOPER_STORE", store.toString(), "SOURCE_DATE_EPOCH", "yesterday"),
            ChildJvm.command(List.of(), Build.class).toArray(new String[0]));
    assertThat(ended.status()).isNotZero();
    assertThat(ended.output()).contains("SOURCE_DATE_EPOCH").contains("yesterday");
  }

  /** Builds with the shared Cooper. */
  static final class Build {
    public static void main(String[] arguments) {
      try (WorkingContainer c = Builder.scratch()) {
        Image image = c.write("/x", "x").commit("by-environment:1");
        System.out.println(image.config().created());
      }
      try (Cooper another = Cooper.builder().build()) {
        another.image("by-environment:1");
      }
    }
  }
}

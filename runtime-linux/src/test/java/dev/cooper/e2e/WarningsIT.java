package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.Cooper;
import dev.cooper.Image;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a JVM says by itself while it builds: nothing, or what jffi makes it say. */
class WarningsIT extends EndToEnd {
  private List<String> said(List<String> command) throws IOException {
    Tools.Ended ended = Tools.attempt(Map.of(), command.toArray(new String[0]));
    try (Cooper other = builder().store(temp.resolve("other")).build()) {
      other.images().forEach(Image::remove); // as an ordinary user nothing else can
    }
    assertThat(ended.status()).as(ended.output()).isZero();
    List<String> lines = new ArrayList<>(ended.output().lines().toList());
    assertThat(lines.remove(lines.size() - 1)).startsWith("image sha256:");
    return lines;
  }

  private List<String> command() throws IOException {
    return ChildJvm.command(
        List.of(),
        PodMain.class,
        temp.resolve("other").toString(),
        PodMain.base(temp).toString(),
        "namespaces");
  }

  @Test
  void buildWhenTheReadmesOptionsAreGivenSaysNothing() throws IOException {
    assertThat(said(command())).isEmpty();
  }

  @Test
  void buildWhenNoOptionIsGivenWarnsOfJffiOnly() throws IOException {
    List<String> command = command();
    command.removeAll(ChildJvm.silence());
    List<String> said = said(command);
    if (ChildJvm.silence().isEmpty()) {
      assertThat(said).isEmpty();
    } else {
      assertThat(said)
          .isNotEmpty()
          .allMatch(line -> line.isEmpty() || line.startsWith("WARNING: "));
      assertThat(said)
          .filteredOn(line -> line.contains("has been called by"))
          .isNotEmpty()
          .allMatch(line -> line.contains("com.kenai.jffi."));
    }
  }
}

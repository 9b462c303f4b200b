package dev.cooper.oci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.oci.layer.LayerFuzz;
import dev.cooper.oci.layout.ArchiveFuzz;
import dev.cooper.oci.registry.SettingsFuzz;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * What the fuzzer begins with, and what it found, tried each time: in {@code fuzz/} of the tests'
 * resources, a directory for each target.
 *
 * <p>{@code mvn -Pfuzz -pl oci-format test-compile exec:exec
 * -Dfuzz.target=dev.cooper.oci.ReferenceFuzz -Dfuzz.corpus=reference} goes on from there for five
 * minutes; what it finds is written to the working directory, and belongs here once it is mended.
 */
class FuzzCorpusTest {
  /** One of the fuzzer's entry points. */
  interface Target {
    void tryOut(byte[] input) throws IOException;
  }

  private static final Map<String, Target> TARGETS =
      Map.of(
          "layer", LayerFuzz::fuzzerTestOneInput,
          "document", DocumentFuzz::fuzzerTestOneInput,
          "reference", ReferenceFuzz::fuzzerTestOneInput,
          "settings", SettingsFuzz::fuzzerTestOneInput,
          "archive", ArchiveFuzz::fuzzerTestOneInput);

  @TestFactory
  Stream<DynamicTest> corpus() throws IOException, URISyntaxException {
    URL root = FuzzCorpusTest.class.getResource("/fuzz");
    assertThat(root).isNotNull();
    List<Path> files;
    try (Stream<Path> all = Files.walk(Path.of(root.toURI()))) {
      files = all.filter(Files::isRegularFile).toList();
    }
    assertThat(files).hasSizeGreaterThan(TARGETS.size());
    return files.stream()
        .map(
            file ->
                DynamicTest.dynamicTest(
                    file.getParent().getFileName() + "/" + file.getFileName(),
                    () ->
                        TARGETS
                            .get(file.getParent().getFileName().toString())
                            .tryOut(Files.readAllBytes(file))));
  }
}

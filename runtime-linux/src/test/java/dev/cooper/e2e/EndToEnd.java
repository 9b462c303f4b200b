package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.Cooper;
import dev.cooper.CooperBuilder;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.event.BuildEvent;
import dev.cooper.image.PullPolicy;
import dev.cooper.oci.layout.DurableFiles;
import dev.cooper.oci.layout.Validator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/**
 * A store of its own for each test, through the public API.
 *
 * <pre>
 * temp/
 *   store/      the store; after each test it holds valid images and nothing half done
 *   busybox.tar
 * </pre>
 */
abstract class EndToEnd {
  static final Instant NOW = Instant.ofEpochSecond(1_700_000_000L);

  final List<BuildEvent> events = Collections.synchronizedList(new ArrayList<>());
  Path temp;
  Path store;
  Cooper cooper;
  private Image busybox;

  @BeforeEach
  void open() throws IOException {
    // Not JUnit's @TempDir: an image's files may belong to subordinate ids, and Cooper removes
    // them.
    temp = Files.createTempDirectory("cooper-e2e-").toRealPath();
    store = temp.resolve("store");
    cooper = builder().build();
  }

  CooperBuilder builder() {
    return Cooper.builder()
        .store(store)
        .listener(events::add)
        .clock(Clock.fixed(NOW, ZoneOffset.UTC))
        .pullPolicy(PullPolicy.NEVER)
        .sourceDate(null);
  }

  /** The base of most tests. */
  Image busybox() throws IOException {
    if (busybox == null) {
      busybox = cooper.importRoot(busyboxTar());
    }
    return busybox;
  }

  Path busyboxTar() throws IOException {
    Path tar = temp.resolve("busybox.tar");
    if (Files.notExists(tar)) {
      Files.write(tar, Bases.busybox());
    }
    return tar;
  }

  WorkingContainer container() throws IOException {
    return cooper.from(busybox());
  }

  /** Nothing is left of what a test did but what it asked for. */
  @AfterEach
  void leavesNothing() throws IOException {
    try {
      cooper.close();
      assertValid();
      assertClean();
    } finally {
      removeStore();
    }
  }

  void assertValid() throws IOException {
    assertThat(Validator.validate(store)).isEmpty();
  }

  /** No half-made files, no containers without a name, and no mounts. */
  void assertClean() throws IOException {
    assertThat(names(store.resolve("staging"))).as("staging").isEmpty();
    assertThat(names(store.resolve("containers"))).as("containers").isEmpty();
    assertThat(Files.readString(Path.of("/proc/self/mountinfo"))).doesNotContain(temp.toString());
  }

  private void removeStore() throws IOException {
    try (Cooper again = builder().build()) {
      again.containers().forEach(info -> again.container(info.name()).remove());
      again.images().forEach(Image::remove);
    }
    DurableFiles.deleteTree(temp);
  }

  static List<String> names(Path directory) throws IOException {
    if (Files.notExists(directory)) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(directory)) {
      return all.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  /** Writes a file of the host, with its directories. */
  Path host(String path, String text) throws IOException {
    Path file = temp.resolve("host").resolve(path);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, text);
  }

  /** What the tree of a container holds at a path, or nothing. */
  static String cat(WorkingContainer container, String path) {
    return container.exec("/bin/cat", path).out();
  }
}

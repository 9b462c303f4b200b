package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.event.BuildEvent;
import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.oci.layer.TarWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class NoticesIT extends EndToEnd {
  /** As every root filesystem that debootstrap or mmdebstrap made has them. */
  private static final List<String> BELOW_DEV =
      List.of("console", "full", "null", "ptmx", "random", "tty", "urandom", "zero");

  @Test
  void nodesOfDevicesGetOneNoticeAndThoseBelowDevGetNone() throws IOException {
    Image image = cooper.importRoot(root(temp.resolve("root.tar")));
    events.clear();

    try (WorkingContainer container = cooper.from(image)) {
      assertThat(container.mountPath()).exists();
    }

    assertThat(messages()).noneMatch(each -> each.contains("dev/"));
    if (Tools.isRoot()) {
      assertThat(messages()).isEmpty();
    } else {
      assertThat(messages())
          .singleElement()
          .asString()
          .startsWith("srv/a, srv/b, srv/c and 1 more: ")
          .contains("device node");
    }
  }

  @Test
  void unpackingIsToldAsWork() throws IOException {
    Image image = cooper.importRoot(root(temp.resolve("root.tar")));
    events.clear();

    try (WorkingContainer container = cooper.from(image)) {
      assertThat(container.mountPath()).exists();
    }

    assertThat(events)
        .filteredOn(BuildEvent.WorkEnded.class::isInstance)
        .singleElement()
        .isInstanceOfSatisfying(
            BuildEvent.WorkEnded.class,
            ended -> {
              assertThat(ended.succeeded()).isTrue();
              assertThat(ended.work().kind()).isEqualTo(BuildEvent.Work.Kind.UNPACK);
              assertThat(ended.work().subject())
                  .isEqualTo(image.config().diffIds().get(0).toString());
            });
  }

  private List<String> messages() {
    return events.stream()
        .filter(BuildEvent.Notice.class::isInstance)
        .map(event -> ((BuildEvent.Notice) event).message())
        .toList();
  }

  private static Path root(Path file) throws IOException {
    try (TarWriter tar = new TarWriter(Files.newOutputStream(file))) {
      tar.put(TarEntry.directory(ByteString.utf8("dev"), 0755));
      for (String name : BELOW_DEV) {
        tar.put(node("dev/" + name));
      }
      tar.put(TarEntry.directory(ByteString.utf8("srv"), 0755));
      for (String name : List.of("a", "b", "c", "d")) {
        tar.put(node("srv/" + name));
      }
      tar.finish();
    }
    return file;
  }

  private static TarEntry node(String path) {
    return TarEntry.device(ByteString.utf8(path), EntryType.CHAR_DEVICE, 0666, 1, 3);
  }
}

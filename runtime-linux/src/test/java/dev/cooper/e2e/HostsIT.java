package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.Cooper;
import dev.cooper.CooperBuilder;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.command.Isolation;
import dev.cooper.event.BuildEvent;
import dev.cooper.image.PullPolicy;
import dev.cooper.image.SaveOptions;
import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The same recipe gives the same image, whatever isolates it and wherever the store lies. */
class HostsIT extends EndToEnd {
  private Image built(Isolation isolation, Path where, List<BuildEvent> told) throws IOException {
    CooperBuilder builder =
        Cooper.builder()
            .store(where)
            .pullPolicy(PullPolicy.NEVER)
            .sourceDate(PodMain.MADE)
            .listener(told::add)
            .isolation(isolation);
    try (Cooper other = builder.build()) {
      return PodMain.image(other, PodMain.base(temp), isolation);
    }
  }

  private String digest(Isolation isolation, Path where) throws IOException {
    return built(isolation, where, new ArrayList<>()).id().toString();
  }

  @Test
  void commitWhenBuiltByChrootIsTheSameImage() throws IOException {
    Tools.requireRoot("chroot");
    assertThat(digest(Isolation.CHROOT, temp.resolve("by-chroot")))
        .isEqualTo(digest(Isolation.NAMESPACES, temp.resolve("by-namespaces")));
  }

  @Test
  void buildWhenAnOrdinaryUserAsksForChrootSaysWhatItNeeds() throws IOException {
    if (Tools.isRoot()) {
      return;
    }
    assertThatThrownBy(() -> digest(Isolation.CHROOT, temp.resolve("by-chroot")))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("CAP_SYS_CHROOT")
        .hasMessageContaining("namespaces");
  }

  @Test
  void buildWhenNothingIsToRunDoesEverythingElse() throws IOException {
    Path base = PodMain.base(temp);
    try (Cooper none = builder().isolation(Isolation.NONE).build();
        WorkingContainer c = none.from(none.importRoot(base))) {
      c.write("/made", "made").workdir("/srv/work").env("A", "b");
      assertThatThrownBy(() -> c.run("true"))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("none")
          .hasMessageContaining("namespaces")
          .hasMessageContaining("chroot");
      assertThatThrownBy(() -> c.exec("true")).isInstanceOf(OperationException.class);
      Image image = c.commit("made:none");
      image.save(temp.resolve("layout"), SaveOptions.ociLayout());
    }
    try (WorkingContainer c = cooper.from(cooper.image("made:none"))) {
      assertThat(cat(c, "/made")).isEqualTo("made");
    }
  }

  @Test
  void buildWhenTheIsolationIsNotKnownSaysSo() {
    Tools.Ended ended =
        Tools.attempt(
            Map.of("COOPER_STORE", store.toString(), "COOPER_ISOLATION", "Chroot"),
            ChildJvm.command(List.of(), EnvironmentIT.Build.class).toArray(new String[0]));
    assertThat(ended.output()).contains("COOPER_ISOLATION").contains("chroot, oci, none");
  }

  @ParameterizedTest
  @CsvSource({
    "ext4,mkfs.ext4 -q -F",
    "xfs,mkfs.xfs -q -f",
    "btrfs,mkfs.btrfs -q -f",
    "tmpfs,",
    "overlay,"
  })
  void commitWhenTheStoreIsOnAFileSystemIsTheSameImage(String kind, String make)
      throws IOException {
    Tools.requireRoot("mounts");
    String expected = digest(Isolation.NAMESPACES, temp.resolve("here"));
    Path at = Files.createDirectory(temp.resolve(kind));
    FileSystems.mount(kind, make, at);
    try {
      List<BuildEvent> told = new ArrayList<>();
      assertThat(built(Isolation.NAMESPACES, at.resolve("store"), told).id().toString())
          .isEqualTo(expected);
      boolean copied =
          told.stream()
              .anyMatch(
                  event ->
                      event instanceof BuildEvent.Notice notice
                          && notice.message().contains("are copied"));
      assertThat(copied).isEqualTo(kind.equals("overlay"));
      assertThat(digest(Isolation.CHROOT, at.resolve("another"))).isEqualTo(expected);
    } finally {
      Tools.run("umount", at.toString());
    }
  }
}

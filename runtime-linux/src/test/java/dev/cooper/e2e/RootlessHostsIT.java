package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * An ordinary user's store on file systems that only root can mount: root does, and runs another
 * JVM as the user.
 */
class RootlessHostsIT {
  private Path temp;
  private Path volume;

  @BeforeEach
  void make() throws IOException {
    Tools.requireRoot("mounts");
    Tools.require("unshare");
    temp = Files.createTempDirectory("cooper-rootless-").toRealPath();
    volume = Files.createDirectory(temp.resolve("volume"));
    Tools.run("chmod", "a+r", PodMain.base(temp).toString());
  }

  @AfterEach
  void remove() {
    if (temp != null) {
      Tools.run("rm", "-rf", temp.toString());
    }
  }

  /** Builds as the user, after a script of root's in a mount namespace of its own. */
  private String recipe(OrdinaryUser user, String script, Path store) throws IOException {
    List<String> command =
        new ArrayList<>(List.of("unshare", "-m", "sh", "-ec", script + "\nexec \"$@\"", "sh"));
    command.addAll(
        user.command(
            PodMain.class, store.toString(), temp.resolve("base.tar").toString(), "namespaces"));
    return Tools.run(command.toArray(new String[0]));
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
    OrdinaryUser user = new OrdinaryUser(temp);
    String expected =
        ChildJvm.run(
            Map.of(),
            List.of(),
            PodMain.class,
            temp.resolve("here").toString(),
            temp.resolve("base.tar").toString(),
            "namespaces");
    FileSystems.mount(kind, make, volume);
    try {
      Path own = user.directory(volume.resolve("own"));
      Tools.run("chmod", "a+rX", volume.toString());
      String printed = recipe(user, "", own.resolve("store"));
      assertThat(printed)
          .contains(expected.lines().filter(each -> each.startsWith("image ")).toList());
      assertThat(printed.contains("are copied")).isEqualTo(kind.equals("overlay"));
    } finally {
      Tools.run("umount", volume.toString());
    }
  }

  /** As a package manager, a copy or a hardened image of a host leaves it. */
  @ParameterizedTest
  @ValueSource(strings = {"newuidmap", "newgidmap"})
  void buildWhenTheHostsOwnToolHasLostItsRightsSaysSo(String tool) throws IOException {
    OrdinaryUser user = new OrdinaryUser(temp);
    Path own = user.directory(temp.resolve("own"));
    Path plain = temp.resolve(tool);
    Path real = Path.of("/usr/bin", tool);
    Tools.require(tool);
    Tools.run("cp", "--no-preserve=all", real.toString(), plain.toString());
    Tools.run("chmod", "0755", plain.toString());
    String bind = "mount --bind " + plain + " " + real;
    assertThat(recipe(user, bind, own.resolve("store")))
        .startsWith("failed ")
        .contains(tool + " could not map")
        .contains(real + " is neither setuid root nor has it file capabilities")
        .contains("reinstall the package uidmap")
        .doesNotContain("/etc/subuid");
    assertThat(recipe(user, "", own.resolve("store"))).contains("image ");
  }
}

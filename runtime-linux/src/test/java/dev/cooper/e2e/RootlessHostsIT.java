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
    Tools.require("setpriv");
    temp = Files.createTempDirectory("cooper-rootless-").toRealPath();
    volume = Files.createDirectory(temp.resolve("volume"));
    PodMain.base(temp);
  }

  @AfterEach
  void remove() {
    if (temp != null) {
      Tools.run("rm", "-rf", temp.toString());
    }
  }

  private String recipe(String user, Path store) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                "setpriv",
                "--reuid=" + user,
                "--regid=" + user,
                "--init-groups",
                "--inh-caps=-all"));
    command.add(Path.of(System.getProperty("java.home"), "bin/java").toString());
    command.addAll(ChildJvm.silence());
    List<String> classPath =
        ChildJvm.copiedClassPath(temp.resolve("classes"), temp.resolve("classes") + "/");
    command.addAll(List.of("-Xmx256m", "-cp", String.join(":", classPath)));
    command.addAll(
        List.of(
            PodMain.class.getName(),
            store.toString(),
            temp.resolve("base.tar").toString(),
            "namespaces"));
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
    String user = Tools.userWithSubordinateIds();
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
      Path own = Files.createDirectory(volume.resolve("own"));
      Tools.run("chown", user, own.toString());
      Tools.run("chmod", "a+rX", volume.toString(), temp.resolve("base.tar").toString());
      String printed = recipe(user, own.resolve("store"));
      assertThat(printed)
          .contains(expected.lines().filter(each -> each.startsWith("image ")).toList());
      assertThat(printed.contains("are copied")).isEqualTo(kind.equals("overlay"));
    } finally {
      Tools.run("umount", volume.toString());
    }
  }
}

package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.cooper.oci.layout.DurableFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What a host or a container around the JVM allows, and what is said where it does not.
 *
 * <pre>
 * temp/
 *   base.tar     the base
 *   classes/     the class path, so that a container sees it
 *   here/, …     stores
 * </pre>
 */
class PodIT {
  private Path temp;

  @BeforeEach
  void make() throws IOException {
    temp = Files.createTempDirectory("cooper-pod-").toRealPath();
    PodMain.base(temp);
  }

  @AfterEach
  void remove() throws IOException {
    if (Tools.isRoot()) {
      Tools.run("rm", "-rf", temp.toString());
    } else {
      DurableFiles.deleteTree(temp);
    }
  }

  private String recipe(Path store, String isolation) {
    return ChildJvm.run(
        Map.of(), List.of(), PodMain.class, store.toString(), at("base.tar"), isolation);
  }

  private String at(String name) {
    return temp.resolve(name).toString();
  }

  /** The line that says which image it was. */
  private static String image(String printed) {
    return printed.lines().filter(line -> line.startsWith("image ")).findFirst().orElse(printed);
  }

  /** The host's own programs and libraries, without its files: the smallest image with a JVM. */
  private static Stream<String> hostsPrograms() throws IOException {
    List<String> paths = new ArrayList<>(List.of("/usr", System.getProperty("java.home")));
    try (Stream<Path> all = Files.list(Path.of("/etc"))) {
      // Where Debian keeps a JDK's settings.
      all.map(Path::toString).filter(path -> path.startsWith("/etc/java")).forEach(paths::add);
    }
    return paths.stream().flatMap(path -> Stream.of("-v", path + ":" + path + ":ro"));
  }

  private List<String> inContainer(List<String> options, String store, String isolation)
      throws IOException {
    List<String> command = new ArrayList<>(List.of("run", "--rm", "--network=none"));
    command.addAll(hostsPrograms().toList());
    command.addAll(options);
    List<String> classPath = ChildJvm.copiedClassPath(temp.resolve("classes"), "/pod/classes/");
    command.addAll(
        List.of(
            "-v",
            temp + ":/pod",
            "host-programs",
            Path.of(System.getProperty("java.home"), "bin/java").toString(),
            "-Xmx256m",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            String.join(":", classPath),
            PodMain.class.getName(),
            store,
            "/pod/base.tar",
            isolation));
    return command;
  }

  private Dockerd docker(String... options) throws Exception {
    Files.createDirectories(temp.resolve("docker"));
    Tools.run("chmod", "a+x", temp.toString(), at("docker")); // for a daemon that maps ids
    Dockerd docker = Dockerd.start(temp.resolve("docker"), options);
    Path root = Files.createDirectories(temp.resolve("root"));
    for (String each : List.of("bin", "sbin", "lib", "lib64")) {
      Files.createSymbolicLink(root.resolve(each), Path.of("usr/" + each));
    }
    for (String each : List.of("tmp", "etc", "root", "usr", "var")) {
      Files.createDirectory(root.resolve(each));
    }
    Files.writeString(root.resolve("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
    Tools.run("tar", "-C", root.toString(), "-cf", at("root.tar"), ".");
    docker.run("import", at("root.tar"), "host-programs");
    return docker;
  }

  @Test
  void buildWhenInADefaultContainerWorksByChrootAndSaysSo() throws Exception {
    try (Dockerd docker = docker()) {
      String here = image(recipe(temp.resolve("here"), "namespaces"));
      assertThat(here).startsWith("image sha256:");
      for (String store : List.of("/pod/volume", "/tmp/store")) {
        String printed = docker.run(inContainer(List.of(), store, "chroot").toArray(new String[0]));
        assertThat(image(printed)).as(printed).isEqualTo(here);
      }
      assertThat(docker.run(inContainer(List.of(), "/tmp/s", "namespaces").toArray(new String[0])))
          .contains("failed")
          .contains("CAP_SYS_ADMIN")
          .contains("chroot");
      assertThat(docker.run(inContainer(List.of(), "/tmp/s", "none").toArray(new String[0])))
          .contains("image sha256:");
      assertThat(docker.run(inContainer(List.of(), "/tmp/s", "probe").toArray(new String[0])))
          .containsPattern("missing +isolation namespaces .*CAP_SYS_ADMIN")
          .containsPattern("ok +isolation chroot ")
          .contains("in a container");
      List<String> nothing = List.of("--cap-drop=ALL");
      assertThat(docker.run(inContainer(nothing, "/tmp/s", "chroot").toArray(new String[0])))
          .contains("failed")
          .contains("CAP_SYS_CHROOT");
      // Rights for mounts, and the store on the container's own overlay: the layers are copied.
      List<String> mounting =
          List.of(
              "--cap-add=SYS_ADMIN",
              "--security-opt=seccomp=unconfined",
              "--security-opt=apparmor=unconfined",
              "--security-opt=systempaths=unconfined");
      String printed =
          docker.run(inContainer(mounting, "/tmp/s", "namespaces").toArray(new String[0]));
      assertThat(image(printed)).as(printed).isEqualTo(here);
      assertThat(printed).contains("are copied");
    }
  }

  /** Root of a user namespace: a container of a daemon that maps its containers' ids. */
  @Test
  void buildWhenInAContainerWithAUserNamespaceWorksByWhatItAllows() throws Exception {
    Tools.requireRoot("a Docker daemon");
    String here = image(recipe(temp.resolve("here"), "namespaces"));
    Path volume = Files.createDirectory(temp.resolve("volume"));
    Tools.run("chmod", "a+rwXt", volume.toString(), at("base.tar"));
    try (Dockerd docker = docker("--userns-remap=" + Tools.userWithSubordinateIds())) {
      // By default: no capability for namespaces, and the filter refuses clone with them.
      for (String store : List.of("/pod/volume/plain", "/tmp/store")) {
        String printed = docker.run(inContainer(List.of(), store, "chroot").toArray(new String[0]));
        assertThat(image(printed)).as(printed).isEqualTo(here);
      }
      assertThat(docker.run(inContainer(List.of(), "/tmp/s", "namespaces").toArray(new String[0])))
          .contains("failed")
          .contains("CAP_SYS_ADMIN")
          .contains("chroot");
      assertThat(docker.run(inContainer(List.of(), "/tmp/s", "probe").toArray(new String[0])))
          .containsPattern("missing +isolation namespaces .*CAP_SYS_ADMIN")
          .containsPattern("ok +isolation chroot ")
          .contains("in a container, in a user namespace");
      // With what is root's inside alone: all works, by an overlay where the volume takes one.
      List<String> mounting =
          List.of(
              "--cap-add=SYS_ADMIN",
              "--security-opt=seccomp=unconfined",
              "--security-opt=apparmor=unconfined",
              "--security-opt=systempaths=unconfined");
      String printed =
          docker.run(inContainer(mounting, "/pod/volume/own", "namespaces").toArray(new String[0]));
      assertThat(image(printed)).as(printed).isEqualTo(here);
      assertThat(printed).doesNotContain("are copied");
    }
  }

  /** The container's files of users, so that an ordinary one has subordinate ids. */
  private List<String> ordinaryUser() throws IOException {
    Path users = Files.writeString(temp.resolve("passwd"), "app:x:1234:1234::/tmp:/bin/sh\n");
    Path ids = Files.writeString(temp.resolve("subids"), "app:100000:65536\n");
    Path volume = Files.createDirectory(temp.resolve("volume"));
    String[] readable = {users.toString(), ids.toString(), volume.toString(), at("base.tar")};
    Tools.run("chmod", "a+r", readable[0], readable[1], readable[3]);
    Tools.run("chmod", "a+rwxt", readable[2]);
    List<String> options =
        new ArrayList<>(
            List.of("--user=1234:1234", "--env=JAVA_TOOL_OPTIONS=-Djava.io.tmpdir=/pod/volume"));
    for (String mount :
        List.of(users + ":/etc/passwd", ids + ":/etc/subuid", ids + ":/etc/subgid")) {
      options.addAll(List.of("-v", mount));
    }
    return options;
  }

  /** In a default container the filter refuses what the kernel would allow. */
  @Test
  void buildWhenAFilterAroundAnOrdinaryUserRefusesNamespacesSaysSo() throws Exception {
    Tools.requireRoot("a Docker daemon");
    try (Dockerd docker = docker()) {
      List<String> user = ordinaryUser();
      String store = "/pod/volume/store";
      assertThat(docker.run(inContainer(user, store, "namespaces").toArray(new String[0])))
          .contains("failed")
          .contains("does not let an ordinary user start containers")
          .contains("seccomp")
          .contains("--security-opt seccomp=unconfined");
      assertThat(docker.run(inContainer(user, store, "none").toArray(new String[0])))
          .contains("image sha256:");
      // newuidmap has what its container's root may have: to write a map needs CAP_SYS_ADMIN.
      user.addAll(
          List.of(
              "--cap-add=SYS_ADMIN",
              "--security-opt=seccomp=unconfined",
              "--security-opt=apparmor=unconfined"));
      assertThat(docker.run(inContainer(user, store, "namespaces").toArray(new String[0])))
          .contains("image sha256:");
    }
  }

  @Test
  void buildWhenUserNamespacesAreSwitchedOffSaysSo() {
    if (Tools.isRoot()) {
      abort("root needs none");
    }
    Tools.require("unshare", "setpriv");
    String off =
        "echo 0 >/proc/sys/user/max_user_namespaces && exec setpriv --ambient-caps -all --inh-caps -all \"$@\"";
    for (String isolation : List.of("namespaces", "none", "probe")) {
      List<String> command =
          new ArrayList<>(List.of("unshare", "-U", "-c", "--keep-caps", "sh", "-c", off, "sh"));
      command.addAll(
          ChildJvm.command(List.of(), PodMain.class, at("store"), at("base.tar"), isolation));
      String printed = Tools.run(command.toArray(new String[0]));
      if (isolation.equals("none")) {
        assertThat(printed).contains("image sha256:");
      } else if (isolation.equals("probe")) {
        assertThat(printed)
            .containsPattern("missing +user namespaces .*sysctl user.max_user_namespaces")
            .containsPattern("missing +isolation namespaces ")
            .containsPattern("ok +isolation none ");
      } else {
        assertThat(printed)
            .contains("failed")
            .contains("user.max_user_namespaces")
            .contains("isolation");
      }
    }
  }

  @Test
  void buildWhenAUserHasNoSubordinateIdsSaysSo() throws IOException {
    Tools.requireRoot("another user");
    Tools.require("setpriv");
    Path place = Files.createDirectory(temp.resolve("nobodys"));
    Tools.run("chown", "nobody", place.toString());
    String classPath = ChildJvm.classPathForOthers(temp.resolve("classes"));
    for (String isolation : List.of("namespaces", "chroot", "none", "probe")) {
      String printed =
          Tools.run(
              "setpriv",
              "--reuid=nobody",
              "--regid=nogroup",
              "--clear-groups",
              Path.of(System.getProperty("java.home"), "bin/java").toString(),
              "-XX:TieredStopAtLevel=1",
              "-cp",
              classPath,
              PodMain.class.getName(),
              place.resolve("store").toString(),
              at("base.tar"),
              isolation);
      switch (isolation) {
        case "namespaces" ->
            assertThat(printed).contains("failed").contains(": no subordinate ids for user nobody");
        case "chroot" -> assertThat(printed).contains("failed").contains("CAP_SYS_CHROOT");
        case "probe" ->
            assertThat(printed)
                .containsPattern("missing +subordinate ids +no subordinate ids for user nobody");
        default -> assertThat(printed).contains("image sha256:");
      }
    }
  }
}

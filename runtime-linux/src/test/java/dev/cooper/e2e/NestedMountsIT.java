package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cooper.Cooper;
import dev.cooper.RunningCommand;
import dev.cooper.WorkingContainer;
import dev.cooper.command.Command;
import dev.cooper.command.Isolation;
import dev.cooper.command.Mount;
import dev.cooper.command.Secret;
import dev.cooper.command.Security;
import dev.cooper.event.BuildEvent;
import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Mounts in mounts, in whatever order they are asked for, and what their mount points leave behind:
 * nothing, neither in the image nor on the host.
 */
class NestedMountsIT extends EndToEnd {
  private static final Secret SECRET = Secret.of("token", "s3cret");

  private Cooper open(Isolation isolation) {
    if (isolation == Isolation.OCI) {
      Tools.require("runc");
    }
    assumeTrue(isolation != Isolation.CHROOT || Tools.isRoot(), "only root can change the root");
    Path where = temp.resolve("by-" + isolation);
    return builder().store(where).isolation(isolation).engine("runc").build();
  }

  private WorkingContainer begin(Cooper other) throws IOException {
    return other.from("rootfs:" + busyboxTar());
  }

  private static Command with(String script, List<Mount> mounts) {
    Command command = Command.shell(script);
    for (Mount mount : mounts) {
      command = command.mount(mount);
    }
    return command;
  }

  private static List<List<Mount>> orders(List<Mount> mounts) {
    if (mounts.isEmpty()) {
      return List.of(List.of());
    }
    List<List<Mount>> all = new ArrayList<>();
    for (Mount first : mounts) {
      List<Mount> rest = new ArrayList<>(mounts);
      rest.remove(first);
      for (List<Mount> each : orders(rest)) {
        List<Mount> order = new ArrayList<>(List.of(first));
        order.addAll(each);
        all.add(order);
      }
    }
    return all;
  }

  /** That nothing has changed: a commit has the base's layers. */
  private static void assertUnchanged(WorkingContainer c) {
    assertThat(c.commit().manifest().layers()).hasSize(1);
  }

  @ParameterizedTest
  @EnumSource(
      value = Isolation.class,
      names = {"NAMESPACES", "OCI"})
  void runWhenMountsLieInMountsMakesTheOuterFirstInAnyOrder(Isolation isolation)
      throws IOException {
    Path shared = Files.createDirectories(temp.resolve("host/shared/kept")).getParent();
    Files.writeString(shared.resolve("kept/file"), "kept\n");
    List<Mount> mounts =
        List.of(
            Mount.tmpfs("/work"),
            Mount.bindWritable(shared, "/work/a/b"),
            Mount.cache("inner", "/work/a/b/c/d"),
            Mount.secret(SECRET, "/work/a/b/c/d/s"));
    String script =
        "stat -c '%U %a' /work/a /work/a/b/c; cat /work/a/b/kept/file /work/a/b/c/d/s;"
            + " echo x >> /work/a/b/c/d/log; grep -c ' /work' /proc/self/mounts";
    try (Cooper other = open(isolation);
        WorkingContainer c = begin(other)) {
      for (List<Mount> order : isolation == Isolation.OCI ? some(mounts) : orders(mounts)) {
        assertThat(c.exec(with(script, order)).out())
            .as("%s", order)
            .isEqualTo("root 755\nroot 755\nkept\ns3cret4\n");
        assertThat(names(shared)).containsExactly("kept");
      }
      assertUnchanged(c);
      String cached = c.exec(with("ls -A /x; wc -l < /x/log", cache("inner", "/x"))).out();
      assertThat(cached).startsWith("log\n");
    }
  }

  private static List<List<Mount>> some(List<Mount> mounts) {
    List<List<Mount>> all = orders(mounts);
    return List.of(all.get(0), all.get(all.size() / 2), all.get(all.size() - 1));
  }

  private static List<Mount> cache(String id, String target) {
    return List.of(Mount.cache(id, target));
  }

  @ParameterizedTest
  @EnumSource(
      value = Isolation.class,
      names = {"NAMESPACES", "OCI"})
  void runWhenACacheLiesInACacheKeepsBothApart(Isolation isolation) throws IOException {
    try (Cooper other = open(isolation);
        WorkingContainer c = begin(other)) {
      List<Mount> both =
          List.of(Mount.cache("/root/.cache/inner"), Mount.cache("outer", "/root/.cache"));
      c.run(with("echo in > /root/.cache/inner/i; echo out > /root/.cache/o", both));
      assertThat(c.exec(with("cat /root/.cache/inner/i /root/.cache/o", both)).out())
          .isEqualTo("in\nout\n");
      assertThat(c.exec(with("ls -A /x", cache("outer", "/x"))).out()).isEqualTo("o\n");
      assertThat(c.exec(with("ls -A /x", cache("/root/.cache/inner", "/x"))).out())
          .isEqualTo("i\n");
      assertUnchanged(c);
    }
  }

  /** CVE-2024-23652's other side: who unmounts first leaves to the other what is mounted there. */
  @Test
  void runWhenTwoShareAnOuterMountTheFirstToEndLeavesTheOthersMounted() throws Exception {
    Path outer = Files.createDirectories(temp.resolve("host/outer"));
    List<Mount> mounts = List.of(Mount.bindWritable(outer, "/o"), Mount.cache("n", "/o/in/side"));
    Path gate = Files.createDirectories(temp.resolve("host/gate"));
    List<Mount> gated = new ArrayList<>(mounts);
    gated.add(Mount.bind(gate, "/gate"));
    String waiting =
        "echo up; while ! test -e /gate/go; do sleep 0.05; done; echo late > /o/in/side/late";
    try (WorkingContainer first = container();
        WorkingContainer second = container()) {
      try (RunningCommand running = second.start(with(waiting, gated), o -> o.streams())) {
        assertThat(running.stdout().readNBytes(3)).asString().isEqualTo("up\n");
        first.run(with("echo early > /o/in/side/early", mounts));
        assertThat(names(outer)).containsExactly("in");
        Files.writeString(gate.resolve("go"), "");
        assertThat(running.await()).isZero();
      }
      assertThat(first.exec(with("ls /x", cache("n", "/x"))).out()).isEqualTo("early\nlate\n");
      assertThat(names(outer)).isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Isolation.class,
      names = {"NAMESPACES", "OCI"})
  void runWhenAReadOnlyBindHasNoPlaceForAnotherSaysWhich(Isolation isolation) throws IOException {
    Path outer = Files.createDirectories(temp.resolve("host/outer/place")).getParent();
    Files.writeString(outer.resolve("file"), "the host's\n");
    try (Cooper other = open(isolation);
        WorkingContainer c = begin(other)) {
      for (Mount inner :
          List.of(
              Mount.tmpfs("/o/none"), Mount.secret(SECRET, "/o/none"), Mount.cache("/o/none"))) {
        assertThatThrownBy(() -> c.run(with("true", List.of(inner, Mount.bind(outer, "/o")))))
            .isInstanceOf(OperationException.class)
            .hasMessageContaining("cannot mount on /o/none")
            .hasMessageContaining(outer.toString())
            .hasMessageContaining("read-only");
      }
      List<Mount> fitting =
          List.of(
              Mount.secret(SECRET, "/o/file"),
              Mount.tmpfs("/o/place"),
              Mount.bind(outer, "/o"),
              Mount.secret(SECRET, "/o/place/in"));
      assertThat(c.exec(with("cat /o/file /o/place/in", fitting)).out()).isEqualTo("s3crets3cret");
      assertThatThrownBy(
              () ->
                  c.run(
                      with("true", List.of(Mount.bind(outer, "/o"), Mount.tmpfs("/o/file/below")))))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("/o/file/below")
          .hasMessageContaining("no directory");
      assertUnchanged(c);
    }
    assertThat(names(outer)).containsExactly("file", "place");
  }

  /** charliecloud#1015: images of systemd have /etc/resolv.conf in /run. */
  @ParameterizedTest
  @EnumSource(
      value = Isolation.class,
      names = {"NAMESPACES", "OCI", "CHROOT"})
  void runWhenEtcLeadsIntoAMountStillHasItsFiles(Isolation isolation) throws IOException {
    try (Cooper other = open(isolation);
        WorkingContainer c = begin(other)) {
      c.run(
          "mkdir -p /run/net && echo own > /run/net/resolv.conf; mkdir /var; ln -s /run /var/run");
      // Not by a command, for which these are mount points.
      try (WorkingContainer linked = c.commit().container()) {
        Path links = Files.createDirectories(temp.resolve("host/links-" + isolation));
        Files.createSymbolicLink(links.resolve("resolv.conf"), Path.of("../run/net/resolv.conf"));
        Files.createSymbolicLink(links.resolve("hosts"), Path.of("/var/run/net/deep/hosts"));
        Files.createSymbolicLink(links.resolve("hostname"), Path.of("/tmp/hostname"));
        linked.copy(links, "/etc/");
        String before = linked.exec("/bin/cat", "/etc/resolv.conf").out();
        List<Mount> mounts =
            List.of(Mount.secret(SECRET), Mount.tmpfs("/tmp"), Mount.tmpfs("/run"));
        String script =
            "cat /etc/resolv.conf; grep -c localhost /etc/hosts; wc -w < /etc/hostname;"
                + " cat /run/secrets/token";
        assertThat(linked.exec(with(script, mounts)).out())
            .isEqualTo(
                before + linked.exec(Command.shell(script.split(";")[1])).out() + "1\ns3cret");
        assertThat(linked.commit().manifest().layers()).hasSize(3);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Isolation.class,
      names = {"NAMESPACES", "OCI"})
  void runWhenItMountsBelowDevLeavesNothingInTheImage(Isolation isolation) throws IOException {
    Path file = host("file", "bound\n");
    List<Mount> mounts =
        List.of(
            Mount.bind(file, "/dev/deep/file"),
            Mount.tmpfs("/dev/shm"),
            Mount.secret(SECRET, "/dev/shm/in/secret"));
    try (Cooper other = open(isolation);
        WorkingContainer c = begin(other)) {
      String script =
          "cat /dev/deep/file /dev/shm/in/secret; echo x > /dev/shm/x; grep -c /dev/shm"
              + " /proc/self/mounts; echo > /dev/null; test -c /dev/null";
      for (int i = 0; i < 2; i++) {
        assertThat(c.exec(with(script, mounts)).out()).isEqualTo("bound\ns3cret3\n");
      }
      assertUnchanged(c);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Isolation.class,
      names = {"NAMESPACES", "OCI"})
  void runWhenAMountHasTheTargetOfAFileOfEtcHidesIt(Isolation isolation) throws IOException {
    Path hosts = host("hosts", "the caller's\n");
    try (Cooper other = open(isolation);
        WorkingContainer c = begin(other)) {
      assertThat(c.exec(with("cat /etc/hosts", List.of(Mount.bind(hosts, "/etc/hosts")))).out())
          .isEqualTo("the caller's\n");
    }
  }

  /** Docker: "Duplicate mount point". */
  @ParameterizedTest
  @EnumSource(
      value = Isolation.class,
      names = {"NAMESPACES", "OCI", "CHROOT"})
  void runWhenTwoHaveOneTargetNamesBoth(Isolation isolation) throws IOException {
    List<Mount> all =
        List.of(
            Mount.tmpfs("/t"),
            Mount.secret(SECRET, "/t/"),
            Mount.secret(SECRET, "/srv/../t/."),
            Mount.tmpfs("t"));
    try (Cooper other = open(isolation);
        WorkingContainer c = begin(other)) {
      for (int i = 1; i < all.size(); i++) {
        List<Mount> two = List.of(all.get(0), all.get(i));
        assertThatThrownBy(() -> c.workdir("/").run(with("true", two)))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageStartingWith("cannot mount two on /t: a tmpfs (target /t) and ")
            .hasMessageContaining(
                i == 3 ? "a tmpfs (target t)" : "the secret token (target " + two.get(1).target())
            .hasMessageNotContaining("s3cret");
      }
      c.run("mkdir /real; ln -s real /link");
      List<Mount> linked = List.of(Mount.tmpfs("/link"), Mount.tmpfs("/real"));
      assertThatThrownBy(() -> c.run(with("true", linked)))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("cannot mount on /real")
          .hasMessageContaining("/link is mounted already");
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Isolation.class,
      names = {"NAMESPACES", "OCI"})
  void runWhenTwoHaveOneTargetNamesSourcesAndCaches(Isolation isolation) throws IOException {
    Path outer = Files.createDirectories(temp.resolve("host/outer"));
    try (Cooper other = open(isolation);
        WorkingContainer c = begin(other)) {
      List<Mount> mounts = List.of(Mount.bind(outer, "/c"), Mount.cache("one", "/c/./"));
      assertThatThrownBy(() -> c.run(with("true", mounts)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("a bind of " + outer + " (target /c)")
          .hasMessageContaining("the cache one (target /c/./)");
      assertUnchanged(c);
    }
  }

  /** What a writable one is made for a moment, a read-only one would have to hold. */
  @ParameterizedTest
  @EnumSource(
      value = Isolation.class,
      names = {"NAMESPACES", "OCI"})
  void runWhenEtcLeadsIntoAReadOnlyBindTellsWhatIsMissing(Isolation isolation) throws IOException {
    Path run = Files.createDirectories(temp.resolve("host/run"));
    Path links = Files.createDirectories(temp.resolve("host/links"));
    Files.createSymbolicLink(links.resolve("hosts"), Path.of("/run/net/hosts"));
    Files.createSymbolicLink(links.resolve("hostname"), Path.of("/"));
    try (Cooper other = open(isolation);
        WorkingContainer c = begin(other)) {
      c.copy(links, "/etc/");
      String script = "cat /etc/hosts 2> /dev/null || echo none";
      assertThat(c.exec(with(script, List.of(Mount.bind(run, "/run")))).out()).isEqualTo("none\n");
      assertThat(notices())
          .containsExactly(
              "the command does not get its /etc/hostname: its links lead to the root directory,"
                  + " over which nothing can be mounted",
              "the command does not get its /etc/hosts: the mount of "
                  + run
                  + " on /run is read-only and holds no net/hosts to mount on: make it in "
                  + run
                  + ", or mount that writable");
      events.clear();
      Files.createDirectory(run.resolve("net"));
      Files.createFile(run.resolve("net/hosts"));
      assertThat(c.exec(with(script, List.of(Mount.bind(run, "/run")))).out())
          .contains("localhost");
      assertThat(notices()).singleElement().asString().contains("/etc/hostname");
    }
  }

  private List<String> notices() {
    return events.stream()
        .filter(BuildEvent.Notice.class::isInstance)
        .map(event -> ((BuildEvent.Notice) event).message())
        .toList();
  }

  /** A link of what is bound leads on inside the container, not on the host. */
  @ParameterizedTest
  @EnumSource(
      value = Isolation.class,
      names = {"NAMESPACES", "OCI"})
  void runWhenATargetLeadsThroughABindsLinkStaysInTheContainer(Isolation isolation)
      throws IOException {
    Path outer = Files.createDirectories(temp.resolve("host/linked"));
    Path outside = Files.createDirectories(temp.resolve("host/outside"));
    Files.createSymbolicLink(outer.resolve("away"), outside);
    Files.createSymbolicLink(outer.resolve("up"), Path.of("../srv/real"));
    try (Cooper other = open(isolation);
        WorkingContainer c = begin(other)) {
      List<Mount> mounts =
          List.of(
              Mount.secret(SECRET, "/o/away/one"),
              Mount.secret(SECRET, "/o/up/two"),
              Mount.bindWritable(outer, "/o"));
      String script = "cat " + outside + "/one /srv/real/two";
      assertThat(c.exec(with(script, mounts)).out()).isEqualTo("s3crets3cret");
      assertUnchanged(c);
    }
    assertThat(outside).isEmptyDirectory();
    assertThat(names(outer)).containsExactly("away", "up");
  }

  @ParameterizedTest
  @EnumSource(
      value = Isolation.class,
      names = {"NAMESPACES", "OCI"})
  void runWhenItBeginsOrIsProtectedInsideAMountFindsIt(Isolation isolation) throws IOException {
    Path bound = host("bound/sub/file", "bound\n").getParent().getParent();
    try (Cooper other = open(isolation);
        WorkingContainer c = begin(other)) {
      Command command =
          with("pwd; ls", List.of(Mount.bind(bound, "/work/a"), Mount.tmpfs("/work")));
      assertThat(c.exec(command.workdir("/work/a/sub")).out()).isEqualTo("/work/a/sub\nfile\n");
      assertThat(c.exec(command.workdir("/work/a")).out()).isEqualTo("/work/a\nsub\n");
      Security masked = Security.DEFAULT.mask("/work/a/sub/file", "/work/none");
      Command hidden =
          with(
              "wc -c < /work/a/sub/file; ls /work",
              List.of(Mount.bind(bound, "/work/a"), Mount.tmpfs("/work")));
      assertThat(c.exec(hidden.security(masked)).out()).isEqualTo("0\na\n");
      assertUnchanged(c);
    }
  }

  /** Where nothing can be mounted, what is put into the tree has the same order. */
  @Test
  void runWithChrootWhenATmpfsCoversWhatElseIsThereHasAll() throws IOException {
    try (Cooper other = open(Isolation.CHROOT);
        WorkingContainer c = begin(other)) {
      c.run("mkdir -p /run/own /var && ln -s /run /var/run && echo own > /run/own/file");
      List<Mount> mounts =
          List.of(
              Mount.secret(SECRET, "/var/run/secrets/token"),
              Mount.tmpfs("/etc"),
              Mount.tmpfs("/run"));
      for (List<Mount> order : orders(mounts)) {
        String script = "cat /run/secrets/token; ls /etc /run; echo x > /run/x; echo x > /etc/x";
        assertThat(c.exec(with(script, order)).out())
            .isEqualTo("s3cret/etc:\nhostname\nhosts\nresolv.conf\n\n/run:\nsecrets\n");
      }
      assertThat(c.exec(with("ls /run; head -1 /etc/passwd", List.of())).out())
          .isEqualTo("own\nroot:x:0:0:root:/root:/bin/sh\n");
      assertThat(c.commit().manifest().layers()).hasSize(2);
    }
  }
}

package dev.cooper.linux;

import static dev.cooper.linux.BusyboxHost.diff;
import static dev.cooper.linux.BusyboxHost.sh;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.spi.ProcessMount;
import dev.cooper.spi.Rootfs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is mounted over a root while a process runs, and that nothing of it stays. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class MountIT {
  @RegisterExtension static final BusyboxHost HOST = new BusyboxHost();

  private static Path shared() throws IOException {
    Path directory = HOST.directory();
    Files.writeString(directory.resolve("file"), "the host's\n");
    return directory;
  }

  private static ProcessMount.Memory secret(String target, String content) {
    return new ProcessMount.Memory(target, ByteString.utf8(content), 1000, 1000, 0400);
  }

  @Test
  void runWhenABindIsReadOnlyReadsButCannotWrite() throws IOException {
    Path source = shared();
    Files.createDirectory(source.resolve("sub"));
    try (Rootfs root = HOST.root()) {
      Run run =
          Runner.in(root)
              .mount(new ProcessMount.Bind(source, "/mnt/in", true))
              .sh("cat /mnt/in/file; touch /mnt/in/x || rm /mnt/in/file || touch /mnt/in/sub/x");
      assertThat(run.out()).isEqualTo("the host's\n");
      assertThat(run.status()).isNotZero();
      assertThat(run.err().lines()).hasSize(3).allMatch(line -> line.contains("Read-only"));
      assertThat(diff(root).lines()).isEmpty();
    }
    assertThat(source.resolve("file")).hasContent("the host's\n");
  }

  @Test
  void runWhenABindIsWritableWritesToTheHost() throws IOException {
    Path source = shared();
    try (Rootfs root = HOST.root()) {
      Run run =
          Runner.in(root)
              .mount(new ProcessMount.Bind(source, "/mnt/in", false))
              .sh("echo more >>/mnt/in/file; echo new >/mnt/in/new; echo kept >/kept");
      assertThat(run.status()).isZero();
      assertThat(diff(root).lines()).containsExactly("FILE 644 0:0 kept = kept");
    }
    assertThat(source.resolve("file")).hasContent("the host's\nmore\n");
    assertThat(source.resolve("new")).hasContent("new\n");
  }

  @Test
  void runWhenABindIsAFileShowsItOverAnExistingOne() throws IOException {
    Path source = shared().resolve("file");
    try (Rootfs root = HOST.root()) {
      Run run =
          Runner.in(root)
              .mount(new ProcessMount.Bind(source, "/usr/share/doc", true))
              .mount(new ProcessMount.Bind(source, "/new/place", true))
              .sh("cat /usr/share/doc /new/place; echo x >/usr/share/doc");
      assertThat(run.out()).isEqualTo("the host's\nthe host's\n");
      assertThat(run.err()).contains("Read-only");
      assertThat(sh(root, "cat /usr/share/doc; ls -d /new 2>&1 || true"))
          .isEqualTo("a lower file\nls: /new: No such file or directory\n");
      assertThat(diff(root).lines()).isEmpty();
    }
  }

  @Test
  void runWhenAMountIsBoundHasNeitherDevicesNorSetuid() throws IOException {
    Path source = shared();
    try (Rootfs root = HOST.root()) {
      Run run =
          Runner.in(root)
              .mount(new ProcessMount.Bind(source, "/in", false))
              .mount(new ProcessMount.Tmpfs("/mem", 0, 01777))
              .sh("grep -E ' /(in|mem) ' /proc/self/mounts | cut -d' ' -f4");
      assertThat(run.lines()).hasSize(2).allMatch(line -> line.contains("nosuid,nodev"));
    }
  }

  @Test
  void runWhenATmpfsIsGivenItIsEmptyLimitedAndNotKept() throws IOException {
    try (Rootfs root = HOST.root()) {
      Run run =
          Runner.in(root)
              .mount(new ProcessMount.Tmpfs("/usr/share", 1 << 20, 0711))
              .sh(
                  "ls -A /usr/share; stat -c %a /usr/share; head -c 2000000 /dev/zero >/usr/share/x;"
                      + " stat -c %s /usr/share/x");
      assertThat(run.out()).isEqualTo("711\n1048576\n");
      assertThat(run.err()).contains("error");
      assertThat(sh(root, "ls /usr/share")).isEqualTo("doc\n");
      assertThat(diff(root).lines()).isEmpty();
    }
  }

  @Test
  void runWhenAMemoryFileIsGivenItHasItsContentOwnerAndMode() throws IOException {
    try (Rootfs root = HOST.root()) {
      ProcessMount.Memory first = secret("/run/secrets/one", "s3cr3t-one");
      ProcessMount.Memory second = secret("/etc/two", "");
      Run run =
          Runner.in(root)
              .mount(first)
              .mount(second)
              .sh("cat /run/secrets/one; stat -c ' %u:%g %a %s' /run/secrets/one /etc/two");
      assertThat(run.out()).isEqualTo("s3cr3t-one 1000:1000 400 10\n 1000:1000 400 0\n");
      assertThat(Runner.in(root).user(33, 33).mount(first).sh("cat /run/secrets/one").err())
          .contains("Permission denied");
      assertThat(first.toString()).doesNotContain("s3cr3t");
      assertThat(diff(root).lines()).isEmpty();
      assertThat(sh(root, "ls -d /run /etc/two 2>&1; true"))
          .doesNotContain("\n/")
          .contains("/run: No such file");
    }
  }

  @Test
  void runWhenAMemoryFileIsGivenNothingOfItLiesOnDisk() throws Exception {
    String content = "s3cr3t-" + "k".repeat(5000);
    Path container = HOST.directory();
    try (Rootfs root = HOST.mount(List.of(HOST.base()), container)) {
      Runner runner = Runner.in(root).mount(secret("/run/secret", content));
      CompletableFuture<Run> run =
          CompletableFuture.supplyAsync(() -> runner.sh("cat /run/secret; exec sleep 8201"));
      assertThat(HostProcesses.await("sleep\0008201\0")).isNotEmpty();
      // As the container's root sees it: all of its files, whoever owns them.
      Run found =
          Runner.in(root)
              .mount(new ProcessMount.Bind(container, "/own", true))
              .sh("grep -rl s3cr3t /own/changes /own/skeleton /own/lower; ls /own");
      assertThat(found.out()).isEqualTo("changes\nlower\nmerged\nskeleton\n");
      runner.cancellation.cancel();
      assertThat(run.get(5, TimeUnit.SECONDS).out()).isEqualTo(content);
    }
  }

  @Test
  void runWhenTargetsAreMissingTakesThemAwayAndRestoresTheirParents() throws IOException {
    Path layer =
        HOST.layer(
            it ->
                it.put(directory("srv", 0751).withOwner(7, 8).withMtime(1_000_000_000, 5))
                    .put(directory("srv/deep", 0700).withMtime(1_100_000_000, 7)));
    try (Rootfs root = HOST.root(layer)) {
      String script = "stat -c '%n %a %u:%g %y' /srv /srv/deep";
      String before = sh(root, script);
      Run run =
          Runner.in(root)
              .mount(new ProcessMount.Tmpfs("/srv/deep/a/b", 0, 0755))
              .mount(secret("/srv/deep/f", "x"))
              .sh("ls /srv/deep /srv/deep/a");
      assertThat(run.out()).isEqualTo("/srv/deep:\na\nf\n\n/srv/deep/a:\nb\n");
      assertThat(diff(root).lines()).isEmpty();
      assertThat(sh(root, script)).isEqualTo(before);
    }
  }

  private static TarEntry directory(String path, int mode) {
    return TarEntry.directory(ByteString.utf8(path), mode);
  }

  @Test
  void runWhenSomethingIsMadeBesideAStubKeepsIt() throws IOException {
    try (Rootfs root = HOST.root()) {
      Run run =
          Runner.in(root)
              .mount(new ProcessMount.Tmpfs("/home/a/b", 0, 0755))
              .sh("echo x >/home/a/x");
      assertThat(run.status()).isZero();
      assertThat(diff(root).lines())
          .containsExactly(
              "DIRECTORY 755 0:0 home", "DIRECTORY 755 0:0 home/a", "FILE 644 0:0 home/a/x = x");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/etc", "../../../../../../etc", "/"})
  void runWhenATargetLeadsThroughALinkStaysInside(String link) throws IOException {
    Path outside = HOST.directory();
    Path layer = HOST.layer(it -> it.symlink("lnk", link).symlink("out", outside.toString()));
    try (Rootfs root = HOST.root(layer)) {
      Run run =
          Runner.in(root)
              .mount(secret("/lnk/cooper-secret", "inside"))
              .mount(secret("/out/deep/secret", "too"))
              .sh(
                  "cat "
                      + (link.equals("/") ? "" : "/etc")
                      + "/cooper-secret; cat /out/deep/secret");
      assertThat(run.out()).isEqualTo("insidetoo");
      assertThat(diff(root).lines()).isEmpty();
    }
    assertThat(outside).isEmptyDirectory();
    assertThat(Path.of("/etc/cooper-secret")).doesNotExist();
  }

  @Test
  void runWhenATargetIsAMagicLinkOfProcFails() throws IOException {
    Path layer = HOST.layer(it -> it.symlink("cwd", "/proc/self/cwd"));
    try (Rootfs root = HOST.root(layer)) {
      assertThatThrownBy(
              () -> Runner.in(root).mount(new ProcessMount.Tmpfs("/cwd", 0, 0755)).sh("true"))
          .hasMessageContaining("/cwd");
    }
  }

  @Test
  void runWhenTheProcessReplacesAStubsParentByALinkRemovesNothingElsewhere() throws IOException {
    Path outside = HOST.directory();
    Files.createDirectories(outside.resolve("in/stub"));
    Files.writeString(outside.resolve("file"), "");
    for (String target : List.of(outside.toString(), "/", "/home")) {
      try (Rootfs root = HOST.root()) {
        sh(root, "mkdir -p /home/in/stub /in/stub");
        Run run =
            Runner.in(root)
                .mount(new ProcessMount.Tmpfs("/srv/in/stub", 0, 0755))
                .mount(secret("/srv/file", "x"))
                // The mount points are busy, their parent is not.
                .sh("mv /srv /gone && ln -s " + target + " /srv && ls /home/in");
        assertThat(run.out()).as(run.err()).isEqualTo("stub\n");
        assertThat(sh(root, "ls -d /home/in/stub /in/stub; readlink /srv"))
            .isEqualTo("/home/in/stub\n/in/stub\n" + target + "\n");
      }
    }
    try (Stream<Path> left = Files.walk(outside)) {
      assertThat(left).hasSize(4);
    }
  }

  @Test
  void runWhenEtcHostsIsALinkOutsideIsMountedInside() throws IOException {
    Path outside = Files.writeString(HOST.directory().resolve("canary"), "canary");
    Path layer =
        HOST.layer(
            it -> it.symlink("etc/hosts", outside.toString()).symlink("etc/hostname", "../../x"));
    try (Rootfs root = HOST.root(layer)) {
      assertThat(sh(root, "grep -c box /etc/hosts; echo y >>/etc/hosts; cat /x"))
          .isEqualTo("1\nbox\n");
      assertThat(diff(root).lines()).isEmpty();
    }
    assertThat(outside).hasContent("canary");
  }

  @Test
  void runWhenABindsSourceIsMissingSaysSo() throws IOException {
    Path missing = HOST.directory().resolve("missing");
    try (Rootfs root = HOST.root()) {
      assertThatThrownBy(
              () -> Runner.in(root).mount(new ProcessMount.Bind(missing, "/in", true)).sh("true"))
          .hasMessageContaining(missing.toString())
          .hasMessageContaining("ENOENT");
      assertThat(diff(root).lines()).isEmpty();
    }
  }
}

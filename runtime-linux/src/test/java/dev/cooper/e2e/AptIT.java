package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.command.Command;
import dev.cooper.command.Mount;
import dev.cooper.image.SaveOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The main job: a distribution's root, its package manager, an image that peers run. */
class AptIT extends EndToEnd {
  /**
   * A Debian root: the tar that {@code -Dcooper.test.debian} names, or one made for this run, or a
   * skip where none can be made.
   */
  private static Path debian() throws IOException {
    String given = System.getProperty("cooper.test.debian");
    if (given != null) {
      return Path.of(given);
    }
    Tools.require("mmdebstrap");
    Path directory =
        Path.of(
            System.getProperty("java.io.tmpdir"),
            "cooper-e2e-debian-" + System.getProperty("user.name"));
    Files.createDirectories(directory);
    Path tar = directory.resolve("debian-" + ProcessHandle.current().pid() + ".tar");
    if (Files.notExists(tar)) {
      Tools.Ended ended =
          Tools.attempt(
              Map.of("SOURCE_DATE_EPOCH", "1600000000"),
              "mmdebstrap",
              "--variant=minbase",
              "--dpkgopt=path-exclude=/usr/share/doc/*",
              "--dpkgopt=path-exclude=/usr/share/locale/*",
              Tools.isRoot() ? "--mode=root" : "--mode=unshare",
              // A mirror may be some weeks behind.
              "--aptopt=Acquire::Check-Valid-Until \"false\"",
              "bookworm",
              tar.toString());
      if (ended.status() != 0) {
        Files.deleteIfExists(tar);
        String why = "mmdebstrap cannot make a Debian root here: " + ended.output();
        if (Tools.isRoot()) {
          Tools.missing(why);
        }
        abort(why); // its own way for ordinary users needs more than ours
      }
    }
    tar.toFile().deleteOnExit();
    return tar;
  }

  @Test
  void runWhenAptInstallsAPackageItIsInTheImage() throws IOException {
    Image image;
    try (WorkingContainer c = cooper.from(debian())) {
      Path apt = Path.of("/etc/apt");
      Command install =
          Command.shell(
              "apt-get -o Acquire::Check-Valid-Until=false update -q && apt-get install -yq --no-install-recommends hello"
                  + " && apt-get clean && rm -rf /var/lib/apt/lists/*");
      // A machine behind a mirror or a proxy says so in its own configuration.
      for (String each : new String[] {"apt.conf.d", "apt.conf", "auth.conf.d"}) {
        if (Files.exists(apt.resolve(each))) {
          install = install.mount(Mount.bind(apt.resolve(each), "/etc/apt/" + each));
        }
      }
      for (String each : new String[] {"http_proxy", "https_proxy"}) {
        if (System.getenv(each) != null) {
          install = install.env(each, System.getenv(each));
        }
      }
      c.env("DEBIAN_FRONTEND", "noninteractive").run(install);
      assertThat(c.exec("hello").out()).isEqualTo("Hello, world!\n");
      image = c.cmd("hello").commit("hello:1");
    }
    assertThat(image.manifest().layers()).hasSize(2);
    assertThat(Tars.last(store, image))
        .containsKeys("usr/bin/hello", "var/lib/dpkg/status")
        .doesNotContainKeys("etc/resolv.conf", "etc/hosts", "proc", "dev/null");
    Tools.require("buildah");
    Path saved = temp.resolve("hello.tar");
    image.save(saved, SaveOptions.ociArchive());
    Tools.requireRoot("buildah run in a chroot");
    try (Buildah buildah = new Buildah(temp.resolve("buildah"))) {
      String container = buildah.from("oci-archive:" + saved);
      assertThat(buildah.run("run", "--isolation", "chroot", container, "--", "hello"))
          .endsWith("Hello, world!");
    }
  }
}

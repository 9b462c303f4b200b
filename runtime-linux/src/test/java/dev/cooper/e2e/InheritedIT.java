package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.Cooper;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.command.Command;
import dev.cooper.command.Isolation;
import dev.cooper.command.Mount;
import dev.cooper.image.CommitOptions;
import dev.cooper.linux.DefaultAcl;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Nothing that the store's directory hands down to files in it gets into images. */
class InheritedIT extends EndToEnd {
  /** A place for a store with a default access control list, and a group of its own. */
  private Path place(String name) throws IOException {
    Path place = Files.createDirectory(temp.resolve(name));
    Path own = Files.createDirectory(place.resolve("store"));
    DefaultAcl.give(own);
    if (Tools.isRoot()) {
      Files.setAttribute(own, "unix:gid", 7);
    }
    Files.setAttribute(own, "unix:mode", 02700);
    return own;
  }

  private List<String> built(Path where, Isolation isolation) throws IOException {
    List<String> lines = new ArrayList<>();
    try (Cooper other = builder().store(where).isolation(isolation).engine("runc").build()) {
      Image base =
          other
              .load(
                  Layouts.of(
                      temp.resolve("layout-" + where.getParent().getFileName()),
                      Bases.busybox(),
                      Tars.of(tar -> Tars.file(tar, "thin/deep/f", 0644, "f"))))
              .get(0);
      try (WorkingContainer c = base.container()) {
        c.run("umask 022; mkdir /made; echo x >/made/f; echo x >/g; mkdir /srv/sub; cp /g /thin/g")
            .run("echo y >>/thin/deep/f; cp -r /srv /copied");
        Tars.last(where, c.commit(CommitOptions::squashed))
            .forEach((path, found) -> lines.add(path + " " + found.line()));
        lines.add(c.exec("/bin/stat", "-c", "%a %u:%g", "/", "/made", "/thin/deep").out());
        if (isolation != Isolation.CHROOT) {
          Command cached =
              Command.shell(
                      "umask 022; stat -c '%a %u:%g' /c; echo x >/c/f; stat -c '%a %u:%g' /c/f")
                  .mount(Mount.cache("inherited", "/c"));
          lines.add(c.exec(cached).out());
        }
      }
      base.remove();
      other.images().forEach(Image::remove);
    }
    return lines;
  }

  @Test
  void imagesAndCachesAreTheSameWhateverTheStoreHandsDown() throws IOException {
    List<Isolation> all = new ArrayList<>(List.of(Isolation.NAMESPACES, Isolation.OCI));
    if (Tools.isRoot()) {
      all.add(Isolation.CHROOT);
    }
    for (Isolation isolation : all) {
      Path plain = Files.createDirectory(temp.resolve("plain-" + isolation)).resolve("store");
      List<String> expected = built(plain, isolation);
      assertThat(built(place("lists-" + isolation), isolation))
          .as("%s", isolation)
          .isEqualTo(expected);
      if (isolation != Isolation.CHROOT) {
        assertThat(expected.get(expected.size() - 1)).isEqualTo("755 0:0\n644 0:0\n");
      }
    }
  }
}

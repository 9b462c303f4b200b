package dev.cooper.tree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.MapView;
import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The root:
 *
 * <pre>
 * bin -> usr/bin          usr/bin/sh            usr/lib/os
 * etc/os -> ../usr/lib/os etc/up -> ../../../.. etc/abs -> /usr
 * var/dangling -> /gone/away   var/loop -> loop   var/chain -> /bin
 * </pre>
 */
class PathResolverTest {
  private final MapView root =
      new MapView()
          .link("bin", "usr/bin")
          .file("usr/bin/sh", "#!")
          .file("usr/lib/os", "os")
          .link("etc/os", "../usr/lib/os")
          .link("etc/up", "../../../..")
          .link("etc/abs", "/usr")
          .link("var/dangling", "/gone/away")
          .link("var/loop", "loop")
          .link("var/chain", "/bin");

  @ParameterizedTest
  @CsvSource({
    "'', '', '', true",
    "/, '', '', true",
    "usr, usr, usr, true",
    "/bin/sh, usr/bin/sh, usr/bin/sh, true",
    "bin/, usr/bin, usr/bin, true",
    "etc/os, usr/lib/os, usr/lib/os, true",
    "etc/up, '', '', true",
    "etc/up/usr, usr, usr, true",
    "etc/abs/lib/os, usr/lib/os, usr/lib/os, true",
    "var/chain/sh, usr/bin/sh, usr/bin/sh, true",
    "../../usr/./bin/../lib, usr/lib, usr/lib, true",
    "var/dangling, gone/away, '', false",
    "var/dangling/x, gone/away/x, '', false",
    "new/dir, new/dir, '', false",
    "bin/new/dir, usr/bin/new/dir, usr/bin, false",
    "bin/new/../sh, usr/bin/sh, usr/bin/sh, true",
    "bin/new/../../lib, usr/lib, usr/lib, true",
    "usr/bin/sh/x, usr/bin/sh/x, usr/bin/sh, false",
  })
  void resolveFollowsLinksInsideTheRoot(String path, String to, String existing, boolean there) {
    PathResolver.Resolved found = PathResolver.resolve(root, ByteString.utf8(path));

    assertThat(found.path()).isEqualTo(ByteString.utf8(to));
    assertThat(found.existing()).isEqualTo(ByteString.utf8(existing));
    assertThat(found.entry() != null).isEqualTo(there);
  }

  @Test
  void resolveWhenLinksGoInCirclesEnds() {
    assertThatThrownBy(() -> PathResolver.resolve(root, ByteString.utf8("var/loop/x")))
        .isInstanceOf(ContentException.class)
        .hasMessageContaining("more than 40 links");
  }
}

package dev.cooper.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.MapView;
import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.TarEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UserDatabaseTest {
  private static final String PASSWD =
      """
      root:x:0:0:root:/root:/bin/sh
      # a comment
      broken:x:notanumber:0::/:/bin/sh
      toobig:x:2147483648:1::/:/bin/sh
      1000:x:0:0:trap:/root:/bin/sh
      app:x:1001:1001::/home/app:/bin/sh

      homeless:x:1002:1002
      other:x:1001:7:same id:/other:/bin/sh
      """;
  private static final String GROUP =
      """
      root:x:0:
      app:x:1001:
      audio:x:29:app,other
      video:x:44:homeless,app
      appendix:x:45:apple
      2000:x:0:app
      """;

  private final UserDatabase users =
      UserDatabase.of(new MapView().file("etc/passwd", PASSWD).file("etc/group", GROUP));

  @ParameterizedTest
  @CsvSource({
    "'', 0, 0, '[0]', /root, root",
    "root, 0, 0, '[0]', /root, root",
    "0, 0, 0, '[0]', /root, root",
    "app, 1001, 1001, '[1001, 29, 44, 0]', /home/app, app",
    "1001, 1001, 1001, '[1001, 29, 44, 0]', /home/app, app",
    "01001, 1001, 1001, '[1001, 29, 44, 0]', /home/app, app",
    "other, 1001, 7, '[7, 29]', /other, other",
    "1000, 1000, 0, '[0]', /, ''",
    "homeless, 1002, 1002, '[1002, 44]', /, homeless",
    "app:audio, 1001, 29, '[29]', /home/app, app",
    "app:5, 1001, 5, '[5]', /home/app, app",
    "app:2000, 1001, 2000, '[2000]', /home/app, app",
    "4242:4343, 4242, 4343, '[4343]', /, ''",
    ":audio, 0, 29, '[29]', /root, root",
    "app:, 1001, 1001, '[1001, 29, 44, 0]', /home/app, app",
    "2147483647, 2147483647, 0, '[0]', /, ''",
  })
  void runningGivesUserGroupsAndHome(
      String spec, long uid, long gid, String groups, String home, String name) {
    UserDatabase.User user = users.running(spec);

    assertThat(user.uid()).isEqualTo(uid);
    assertThat(user.gid()).isEqualTo(gid);
    assertThat(user.home()).isEqualTo(home);
    assertThat(user.name()).isEqualTo(name);
    assertThat(user.groups().toString()).isEqualTo(groups);
  }

  /** As docker 28.5 does with {@code --chown} and with the directories of WORKDIR. */
  @ParameterizedTest
  @CsvSource({
    "'', 0, 0",
    "root, 0, 0",
    "0, 0, 0",
    "7, 7, 7",
    "007, 7, 7",
    "7:, 7, 7",
    ":7, 0, 7",
    ":audio, 0, 29",
    "1000, 1000, 1000",
    "1001, 1001, 1001",
    "app, 1001, 1001",
    "other, 1001, 7",
    "other:, 1001, 7",
    "other:root, 1001, 0",
    "app:audio, 1001, 29",
    "app:2000, 1001, 2000",
    "7:8, 7, 8",
    "2147483647, 2147483647, 2147483647",
  })
  void owningGivesANumberItsOwnGroup(String spec, long uid, long gid) {
    assertThat(users.owning(spec)).isEqualTo(new UserDatabase.Owner(uid, gid));
  }

  @Test
  void owningWhenFilesAreMissingKnowsIdsAndRoot() {
    UserDatabase none = UserDatabase.of(new MapView());

    assertThat(none.owning("7")).isEqualTo(new UserDatabase.Owner(7, 7));
    assertThat(none.owning("root:root")).isEqualTo(new UserDatabase.Owner(0, 0));
    assertThatThrownBy(() -> none.owning("app")).hasMessageContaining("\"app\"");
    assertThatThrownBy(() -> none.owning("7:app")).hasMessageContaining("\"app\"");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "2147483648",
        "4294967296",
        "-1",
        "0:-1",
        "99999999999999999999",
        "app:4294967296"
      })
  void runningWhenIdIsOutOfRangeRefuses(String spec) {
    assertThatThrownBy(() -> users.owning(spec)).hasMessageContaining(spec);
    assertThatThrownBy(() -> users.running(spec))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining(spec)
        .hasMessageContaining("2147483647");
  }

  @ParameterizedTest
  @CsvSource({
    "nobody, /etc/passwd",
    "broken, /etc/passwd",
    "toobig, /etc/passwd",
    "APP, /etc/passwd",
    "app:wheel, /etc/group",
    "1:x:y, /etc/group",
    "'# a comment', /etc/passwd",
  })
  void runningWhenNameIsUnknownQuotesItAndTheFile(String spec, String file) {
    assertThatThrownBy(() -> users.owning(spec)).hasMessageContaining(spec);
    assertThatThrownBy(() -> users.running(spec))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining(spec)
        .hasMessageContaining(file);
  }

  @Test
  void ofWhenFilesAreMissingKnowsIdsOnly() {
    UserDatabase none = UserDatabase.of(new MapView());

    assertThat(none.running("5:6")).extracting("uid", "gid", "home").contains(5L, 6L, "/");
    assertThat(none.running("5:6").groups()).containsExactly(6L);
    assertThat(none.running("5").groups()).containsExactly(0L);
    assertThat(none.running("").uid()).isZero();
    assertThat(none.running("").groups()).containsExactly(0L);
    assertThatThrownBy(() -> none.running("root")).hasMessageContaining("\"root\"");
  }

  @Test
  void ofWhenPasswdIsALinkFollowsItInsideTheRoot() {
    MapView root =
        new MapView()
            .link("etc/passwd", "../../../usr/lib/passwd")
            .file("usr/lib/passwd", "linked:x:7:8::/l:/bin/sh\n");

    assertThat(UserDatabase.of(root).running("linked").uid()).isEqualTo(7);
  }

  @Test
  void ofWhenPasswdIsNoFileTreatsItAsMissing() {
    ByteString path = ByteString.utf8("etc/passwd");
    for (TarEntry odd :
        new TarEntry[] {
          TarEntry.fifo(path, 0644),
          TarEntry.device(path, EntryType.CHAR_DEVICE, 0666, 1, 5),
          TarEntry.directory(path, 0755),
          TarEntry.symlink(path, ByteString.utf8("/dev/zero"))
        }) {
      UserDatabase users = UserDatabase.of(new MapView().put(odd));
      assertThat(users.running("12").uid()).isEqualTo(12);
      assertThatThrownBy(() -> users.running("root")).isInstanceOf(OperationException.class);
    }
  }

  @Test
  void ofWhenPasswdIsHugeRefuses() {
    MapView root = new MapView().file("etc/passwd", "x".repeat((1 << 20) + 1));

    assertThatThrownBy(() -> UserDatabase.of(root))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("/etc/passwd");
  }
}

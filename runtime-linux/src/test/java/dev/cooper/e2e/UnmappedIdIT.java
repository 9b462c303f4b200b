package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Ids that an ordinary user's commands want, and that its subordinate ids do not reach. */
class UnmappedIdIT {
  private Path temp;

  @BeforeEach
  void make() throws IOException {
    temp = Files.createTempDirectory("cooper-unmapped-").toRealPath();
  }

  @AfterEach
  void remove() {
    Tools.run("rm", "-rf", temp.toString());
  }

  @Test
  void runWhenAnIdIsBeyondTheSubordinateOnesNamesItAndTheRemedy() throws IOException {
    OrdinaryUser user = new OrdinaryUser(temp);
    Path base = PodMain.base(temp);
    Tools.run("chmod", "a+r", base.toString());
    String id = String.valueOf(user.unmapped());
    String store = user.directory(temp.resolve("own")).resolve("store").toString();
    String[] lines =
        Tools.run(
                user.command(UnmappedIdMain.class, store, base.toString(), id)
                    .toArray(new String[0]))
            .split("\n", -1);
    String ids = id + ":" + id;
    assertThat(lines[0])
        .startsWith("owner failed: ")
        .contains("chown " + ids + " /file", "ended with exit status 1")
        .contains("chown: /file: Invalid argument"); // what the command itself wrote
    assertThat(lines[1])
        .startsWith("user failed: ")
        .contains("cannot run as " + ids)
        .contains("beyond the subordinate ids", "extend the ranges in /etc/subuid and /etc/subgid");
    assertThat(lines[2])
        .startsWith("group failed: ")
        .contains("cannot run as 0:" + id, "extend the ranges in /etc/subuid and /etc/subgid");
    assertThat(lines[3]).isEqualTo("root worked"); // and the file is as it was
  }
}

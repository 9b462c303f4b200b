package dev.cooper.e2e;

import dev.cooper.Cooper;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.command.Command;
import dev.cooper.image.PullPolicy;
import dev.cooper.oci.CooperException;
import java.nio.file.Path;

/** Runs commands that want an id: STORE BASE ID. Prints what comes of each. */
final class UnmappedIdMain {
  private UnmappedIdMain() {}

  public static void main(String[] arguments) {
    try (Cooper cooper =
        Cooper.builder().store(Path.of(arguments[0])).pullPolicy(PullPolicy.NEVER).build()) {
      try (WorkingContainer c = cooper.from(Path.of(arguments[1]))) {
        run(c.write("/file", "content"), arguments[2]);
      }
      cooper.images().forEach(Image::remove);
    }
  }

  private static void run(WorkingContainer c, String id) {
    Command look = Command.shell("test $(stat -c %u:%g /file) = 0:0");
    print("owner", c, Command.shell("chown " + id + ":" + id + " /file"));
    print("user", c, look.user(id + ":" + id));
    print("group", c, look.user("0:" + id));
    print("root", c, look.user("0:0"));
  }

  private static void print(String what, WorkingContainer c, Command command) {
    try {
      c.run(command);
      System.out.println(what + " worked");
    } catch (CooperException e) {
      System.out.println(what + " failed: " + e.getMessage().replace("\n", " | "));
    }
  }
}

package dev.cooper.e2e;

import dev.cooper.Cooper;
import dev.cooper.WorkingContainer;
import dev.cooper.command.Command;
import dev.cooper.image.PullPolicy;
import java.nio.file.Path;

/**
 * STORE BASE SCRIPT: runs a script in a container, on the host's network, and prints what it does.
 */
final class ShellMain {
  private ShellMain() {}

  public static void main(String[] arguments) {
    try (Cooper cooper =
        Cooper.builder().store(Path.of(arguments[0])).pullPolicy(PullPolicy.NEVER).build()) {
      try (WorkingContainer c = cooper.from(cooper.importRoot(Path.of(arguments[1])))) {
        System.out.print(c.exec(Command.shell(arguments[2])).out());
      }
      cooper.images().forEach(image -> image.remove());
    }
  }
}

package dev.cooper.e2e;

import dev.cooper.Cooper;
import dev.cooper.WorkingContainer;
import dev.cooper.command.Command;
import dev.cooper.image.PullPolicy;
import java.nio.file.Path;

/** A program that runs a script: a store, a root's tar, the script. */
final class ScriptRun {
  private ScriptRun() {}

  public static void main(String[] args) {
    try (Cooper cooper =
            Cooper.builder().store(Path.of(args[0])).pullPolicy(PullPolicy.NEVER).build();
        WorkingContainer c = cooper.from(Path.of(args[1]))) {
      System.out.print(c.exec(Command.shell(args[2])).out());
    }
  }
}

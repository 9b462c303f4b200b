package dev.cooper.e2e;

import dev.cooper.Cooper;
import dev.cooper.WorkingContainer;
import dev.cooper.command.Command;
import dev.cooper.command.Network;
import dev.cooper.image.PullPolicy;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A program that runs a script with a private network: a store, a root's tar, the script. */
final class PrivateRun {
  private PrivateRun() {}

  public static void main(String[] args) {
    try (Cooper cooper =
            Cooper.builder().store(Path.of(args[0])).pullPolicy(PullPolicy.NEVER).build();
        WorkingContainer c = cooper.from(Path.of(args[1]));
        PrintStream out =
            new PrintStream(
                new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8)) {
      out.print(c.exec(Command.shell(args[2]).network(Network.PRIVATE)).out());
    }
  }
}

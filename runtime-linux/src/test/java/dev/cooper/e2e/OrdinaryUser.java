package dev.cooper.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * A user with subordinate ids: who runs the tests or, where that is root, one that root becomes.
 */
final class OrdinaryUser {
  private final String name;
  private final Path temp;

  private final String group;

  private OrdinaryUser(Path temp, String name, String group) {
    this.temp = temp;
    this.name = name;
    this.group = group;
    if (Tools.isRoot()) {
      Tools.require("setpriv");
      Tools.run("chmod", "a+rx", temp.toString());
    }
  }

  /** With a directory that the user shall be able to read. */
  OrdinaryUser(Path temp) {
    this(temp, ofThisJvm(Tools::userWithSubordinateIds));
  }

  private OrdinaryUser(Path temp, String name) {
    this(temp, name, name);
  }

  /** As root one without subordinate ids; else whoever runs this JVM. */
  static OrdinaryUser nobody(Path temp) {
    return new OrdinaryUser(temp, ofThisJvm(() -> "nobody"), "nogroup");
  }

  /** Root is none: another takes its place. */
  private static String ofThisJvm(Supplier<String> other) {
    return Tools.isRoot() ? other.get() : System.getProperty("user.name");
  }

  /** A new directory of the user's own. */
  Path directory(Path at) throws IOException {
    Files.createDirectory(at);
    if (Tools.isRoot()) {
      Tools.run("chown", name, at.toString());
    }
    return at;
  }

  /** The first id that no container of the user's has, as owner or group. */
  long unmapped() throws IOException {
    return 1 + Math.max(granted("/etc/subuid"), granted("/etc/subgid"));
  }

  private long granted(String file) throws IOException {
    return Files.readAllLines(Path.of(file)).stream()
        .map(line -> line.split(":", -1))
        .filter(parts -> parts[0].equals(name))
        .mapToLong(parts -> Long.parseLong(parts[2]))
        .sum();
  }

  /** What runs a main class of the tests as the user. */
  List<String> command(Class<?> main, String... arguments) throws IOException {
    if (!Tools.isRoot()) {
      return ChildJvm.command(List.of(), main, arguments);
    }
    List<String> command =
        new ArrayList<>(
            List.of(
                "setpriv",
                "--reuid=" + name,
                "--regid=" + group,
                "--init-groups",
                "--inh-caps=-all",
                "/usr/bin/env", // root's home is not to be read
                "HOME=" + temp.resolve("home")));
    command.add(Path.of(System.getProperty("java.home"), "bin/java").toString());
    command.addAll(ChildJvm.silence());
    command.add(ChildJvm.NO_LOG);
    command.addAll(ChildJvm.quickStart());
    String classPath = ChildJvm.classPathForOthers(temp.resolve("classes"));
    command.addAll(List.of("-Xmx256m", "-cp", classPath, main.getName()));
    command.addAll(List.of(arguments));
    return command;
  }
}

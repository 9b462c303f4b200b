package dev.cooper.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Another JVM with this one's class path, that runs a main class of the tests.
 *
 * <p>It lives for about a second, most of it spent on loading classes: the property {@code
 * cooper.test.archive} names an archive of them (class data sharing), made for the class path in
 * {@code cooper.test.classpath}, which consists of archives that every user may read.
 */
final class ChildJvm {
  private static final String CLASS_PATH = System.getProperty("cooper.test.classpath", "");
  private static final String ARCHIVE = System.getProperty("cooper.test.archive", "");

  private ChildJvm() {}

  /** Settings of a JVM that prints nothing but what its main class does. */
  static final String NO_LOG = "-Djava.util.logging.config.file=/dev/null";

  /** What the README says to a JVM that would warn of jffi. */
  static List<String> silence() {
    return Runtime.version().feature() < 24
        ? List.of()
        : List.of("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow");
  }

  /** One that warns of nothing. */
  static List<String> command(List<String> options, Class<?> main, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx256m", "-cp", classPath()));
    command.addAll(quickStart());
    command.addAll(silence());
    command.add(NO_LOG);
    command.addAll(options);
    command.add(main.getName());
    command.addAll(List.of(arguments));
    return command;
  }

  /** The first compiler alone, and classes from an archive if there is one that fits. */
  static List<String> quickStart() {
    List<String> options = new ArrayList<>(List.of("-XX:TieredStopAtLevel=1", "-Xshare:auto"));
    if (!ARCHIVE.isEmpty()) {
      options.addAll(List.of("-XX:SharedArchiveFile=" + ARCHIVE, "-Xlog:cds*=off"));
    }
    return options;
  }

  /** The entries as absolute paths: a child may run elsewhere. */
  static String classPath() {
    if (!CLASS_PATH.isEmpty()) {
      return CLASS_PATH;
    }
    List<String> entries = new ArrayList<>();
    String own =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    for (String each : own.split(":")) {
      entries.add(Path.of(each).toAbsolutePath().toString());
    }
    return String.join(":", entries);
  }

  /**
   * What other users can read: the given class path, or a copy of this JVM's in a directory; they
   * may enter the directory above it in either case.
   */
  static String classPathForOthers(Path classes) throws IOException {
    if (CLASS_PATH.isEmpty()) {
      return String.join(":", copiedClassPath(classes, classes + "/"));
    }
    Tools.run("chmod", "a+rx", String.valueOf(classes.getParent()));
    return CLASS_PATH;
  }

  /** A copy that other users can read; its entries as paths below a directory. */
  static List<String> copiedClassPath(Path classes, String as) throws IOException {
    Files.createDirectories(classes);
    List<String> entries = new ArrayList<>();
    for (String each : classPath().split(":")) {
      Path copy = classes.resolve(entries.size() + (each.endsWith(".jar") ? ".jar" : ""));
      if (Files.notExists(copy)) {
        Tools.run("cp", "-r", each, copy.toString());
      }
      entries.add(as + copy.getFileName());
    }
    Tools.run("chmod", "a+rx", String.valueOf(classes.getParent()));
    Tools.run("chmod", "-R", "a+rX", classes.toString());
    return entries;
  }

  /** Runs it to its end, which has to be a good one; what it printed. */
  static String run(
      Map<String, String> environment, List<String> options, Class<?> main, String... arguments) {
    Tools.Ended ended =
        Tools.attempt(environment, command(options, main, arguments).toArray(new String[0]));
    if (ended.status() != 0) {
      throw new AssertionError("a child JVM ended with " + ended.status() + ":\n" + ended.output());
    }
    return ended.output();
  }

  /** Starts it; its outputs come as one. */
  static Process start(Class<?> main, String... arguments) throws IOException {
    return new ProcessBuilder(command(List.of(), main, arguments))
        .redirectErrorStream(true)
        .start();
  }
}

package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A child JVM under strace(1), which makes one of its system calls fail, or kills it before one.
 *
 * <p>strace counts the calls of each kind for each thread: the n-th is that of whichever thread
 * comes to its own n-th first.
 */
final class Strace {
  private static final Pattern CALL = Pattern.compile("([0-9]+) +([a-z0-9_]+)\\((.*)");
  private static final int LIMIT_SECONDS = 300;

  private final Path directory;
  private final Class<?> main;

  /** One call of a kind. */
  record Step(String call, int number) {}

  /** How it ended, and what it said. */
  record Ended(int status, String output) {}

  Strace(Path directory, Class<?> main) {
    this.directory = directory;
    this.main = main;
  }

  /**
   * The calls that it makes if nothing happens.
   *
   * @param calls their names
   * @param about a text that is in what a call is about, or an empty one for all
   */
  List<Step> steps(List<String> calls, String about, String... arguments) throws Exception {
    Path log = directory.resolve("strace-steps.log");
    Ended ended =
        run(log, List.of("-y", "-s", "0", "-e", "trace=?" + String.join(",?", calls)), arguments);
    assertThat(ended.status()).as(ended.output()).isZero();
    Map<String, Integer> counted = new HashMap<>();
    TreeMap<String, Integer> most = new TreeMap<>();
    List<Step> steps = new ArrayList<>();
    for (String line : Files.readAllLines(log, StandardCharsets.ISO_8859_1)) {
      Matcher call = CALL.matcher(line);
      if (call.matches()) {
        int number = counted.merge(call.group(1) + call.group(2), 1, Integer::sum);
        if (isMeant(call, about) && number > most.getOrDefault(call.group(2), 0)) {
          most.put(call.group(2), number);
          steps.add(new Step(call.group(2), number));
        }
      }
    }
    return steps;
  }

  /** A call that failed changed nothing, nor does a file that is opened and not made. */
  private static boolean isMeant(Matcher call, String about) {
    return call.group(3).contains(about)
        && !call.group(3).contains(") = -1 E")
        && (!call.group(2).equals("openat") || call.group(3).contains("O_CREAT"));
  }

  /** Runs it with something done to one call, as strace's option {@code inject} says. */
  Ended inject(Step step, String what, String... arguments) throws Exception {
    String injection = "inject=" + step.call() + ":" + what + ":when=" + step.number();
    return run(
        directory.resolve("strace.log"),
        List.of("-e", "trace=" + step.call(), "-e", injection),
        arguments);
  }

  private Ended run(Path log, List<String> options, String... arguments) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of("strace", "-f", "--seccomp-bpf", "-e", "signal=none", "-o", log.toString()));
    command.addAll(options);
    command.addAll(ChildJvm.command(List.of("-XX:-UsePerfData"), main, arguments));
    Path output = directory.resolve("output-of-" + log.getFileName());
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    boolean ended = process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS);
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly().waitFor();
    assertThat(ended).as("%s ended; it said %s", command, read(output)).isTrue();
    return new Ended(process.exitValue(), read(output));
  }

  private static String read(Path output) throws IOException {
    return Files.readString(output, StandardCharsets.UTF_8);
  }
}

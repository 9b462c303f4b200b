package dev.cooper.suite;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClasspathRoots;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.engine.Filter;
import org.junit.platform.engine.discovery.ClassNameFilter;
import org.junit.platform.engine.support.descriptor.ClassSource;
import org.junit.platform.launcher.Launcher;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TagFilter;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.reporting.legacy.xml.LegacyXmlReportGeneratingListener;

/**
 * Runs the test classes that several JVMs share: each takes the next class that no other JVM has
 * taken, until none is left. {@code .ci/test.sh} starts the JVMs and sums up their {@link Records}.
 *
 * <pre>
 * java dev.cooper.suite.Worker RECORDS PHASE PATTERN ROOT…
 * </pre>
 *
 * <p>PHASE is a tag: {@code storm} of tests that use all processors or the disk for a while, {@code
 * alone} of those that look at what all JVMs of a host share, such as control groups; or {@code
 * calm} for the tests with neither tag. PATTERN selects classes by name; ROOT is a directory of
 * test classes. The status is 0, whatever came of the tests, and {@link Watchdog#STATUS} where one
 * hung.
 */
public final class Worker {
  private static final String CALM = "calm";
  private static final List<String> TAGS = List.of("storm", "alone");

  private final Launcher launcher = LauncherFactory.create();
  private final Records records;
  private final String phase;
  private final String pattern;
  private final Watchdog watchdog;

  private Worker(Records records, String phase, String pattern) {
    if (!phase.equals(CALM) && !TAGS.contains(phase)) {
      throw new IllegalArgumentException(
          "invalid phase " + phase + ": expected calm or one of " + TAGS);
    }
    this.records = records;
    this.phase = phase;
    this.pattern = pattern;
    this.watchdog = new Watchdog(records);
  }

  public static void main(String[] arguments) throws IOException {
    Records records = new Records(Path.of(arguments[0]));
    Worker worker = new Worker(records, arguments[1], arguments[2]);
    worker.run(Arrays.stream(arguments).skip(3).map(Path::of).toList());
    // Threads that a test has left do not hold the JVM.
    System.exit(0);
  }

  private void run(List<Path> roots) throws IOException {
    watchdog.watch(phase);
    watchdog.start();
    Set<Path> directories = new LinkedHashSet<>(roots);
    TestPlan all = launcher.discover(request(selectClasspathRoots(directories)));
    Set<String> classes = new TreeSet<>();
    all.getRoots().forEach(engine -> addClasses(all, engine, classes));
    for (String each : classes) {
      records.plan(key(each));
    }
    for (String each : classes) {
      if (records.take(key(each))) {
        run(each);
      }
    }
  }

  private static void addClasses(TestPlan plan, TestIdentifier engine, Set<String> classes) {
    for (TestIdentifier each : plan.getChildren(engine)) {
      if (each.getSource().orElse(null) instanceof ClassSource source) {
        classes.add(source.getClassName());
      } else {
        throw new IllegalStateException("no class of tests: " + each);
      }
    }
  }

  /** A class may have tests of several phases. */
  private String key(String name) {
    return phase.equals(CALM) ? name : name + "@" + phase;
  }

  private LauncherDiscoveryRequest request(List<? extends DiscoverySelector> selectors) {
    Filter<?> tags =
        phase.equals(CALM) ? TagFilter.excludeTags(TAGS) : TagFilter.includeTags(phase);
    return LauncherDiscoveryRequestBuilder.request()
        .selectors(selectors)
        .filters(ClassNameFilter.includeClassNamePatterns(pattern), tags)
        .build();
  }

  private void run(String name) throws IOException {
    ClassRun run = new ClassRun(name);
    watchdog.watch(key(name));
    launcher.execute(
        request(List.of(selectClass(name))),
        run,
        watchdog,
        new LegacyXmlReportGeneratingListener(
            records.reports(key(name)), new PrintWriter(System.err, true)));
    records.end(key(name), run);
    System.out.println(run.line());
  }
}

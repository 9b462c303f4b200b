package dev.cooper;

import dev.cooper.command.Isolation;
import dev.cooper.host.HostRuntime;
import dev.cooper.oci.OperationException;
import dev.cooper.spi.HostFinding;
import dev.cooper.spi.RuntimeOptions;
import dev.cooper.spi.RuntimeProvider;
import dev.cooper.text.Choice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * What this host can do, by {@link Cooper#probe}: what Cooper needs of it, and which isolations
 * work here. Printed, it has a line for each.
 *
 * @param findings in the order to be read
 */
public record HostReport(List<Finding> findings) {
  private static final String ISOLATION = "isolation ";

  /**
   * One thing that was looked for.
   *
   * @param subject what it is, such as {@code kernel}, {@code overlay} or {@code isolation chroot}
   * @param works whether it is there, or was tried with success
   * @param text what was found; where it does not work, what to do as well
   */
  public record Finding(String subject, boolean works, String text) {}

  /**
   * Copies the list.
   *
   * @param findings in the order to be read
   */
  public HostReport {
    findings = List.copyOf(findings);
  }

  /**
   * Whether commands can be run here with an isolation; {@link Isolation#NONE}, which runs none,
   * works everywhere.
   *
   * @param isolation which was tried
   * @return whether the trial succeeded
   */
  public boolean works(Isolation isolation) {
    return works(ISOLATION + Choice.word(isolation));
  }

  /**
   * Whether something is there, or works.
   *
   * @param subject as {@link Finding#subject} says it
   * @return false as well if it was not looked for
   */
  public boolean works(String subject) {
    return findings.stream().anyMatch(each -> each.subject().equals(subject) && each.works());
  }

  /** A line for each finding: {@code ok} or {@code missing}, what it is, and what was found. */
  @Override
  public String toString() {
    int width = findings.stream().mapToInt(each -> each.subject().length()).max().orElse(0);
    return findings.stream()
        .map(each -> (each.works() ? "ok       " : "missing  ") + padded(each, width))
        .collect(Collectors.joining("\n"));
  }

  private static String padded(Finding finding, int width) {
    String subject = finding.subject();
    return subject + " ".repeat(width - subject.length() + 2) + finding.text();
  }

  /** Looks, on a store's file system, with what the runtime knows of this host. */
  static HostReport of(Path store, RuntimeOptions options) {
    RuntimeProvider provider = HostRuntime.provider();
    if (provider == null) {
      return new HostReport(
          List.of(
              new Finding("commands", false, HostRuntime.MISSING),
              new Finding(
                  ISOLATION + Choice.word(Isolation.NONE),
                  true,
                  "no command runs; all else works")));
    }
    List<Finding> findings = new ArrayList<>();
    Path parent = nearest(store);
    try {
      // Only the store's own user may see it, as in the store.
      Path directory = Files.createTempDirectory(parent, ".cooper-probe-");
      try {
        for (HostFinding each : provider.probe(options, directory)) {
          findings.add(new Finding(each.subject(), each.works(), each.text()));
        }
      } finally {
        Files.deleteIfExists(directory);
      }
    } catch (IOException | OperationException e) {
      String text = "cannot be tried in " + parent + ": " + e + ": name another (COOPER_STORE)";
      findings.add(new Finding("store", false, text));
    }
    return new HostReport(findings);
  }

  /** The store may not be there yet: then its file system is that of the first that is. */
  private static Path nearest(Path store) {
    Path at = store.toAbsolutePath();
    while (!Files.isDirectory(at) && at.getParent() != null) {
      at = at.getParent();
    }
    return at;
  }
}

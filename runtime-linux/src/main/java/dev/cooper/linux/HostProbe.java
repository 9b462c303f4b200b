package dev.cooper.linux;

import dev.cooper.command.Isolation;
import dev.cooper.command.Resources;
import dev.cooper.linux.CgroupSetting.Controller;
import dev.cooper.oci.OperationException;
import dev.cooper.spi.HostFinding;
import dev.cooper.spi.RuntimeOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

/**
 * Finds out what this host has and lets us do: by doing it, with what does it else, so that it
 * never says other than a build would.
 */
final class HostProbe {
  private final RuntimeOptions options;
  private final Path directory;
  private final List<HostFinding> findings = new ArrayList<>();

  /**
   * One for a store.
   *
   * @param directory an empty one on its file system
   */
  HostProbe(RuntimeOptions options, Path directory) {
    this.options = options;
    this.directory = directory;
  }

  List<HostFinding> findings() {
    findings.clear();
    HostFacts facts = new HostFacts(Trampoline.here(Sys.GETEUID), options.singleId());
    attempt("kernel", facts::kernel);
    attempt("user", facts::user);
    attempt("user namespaces", facts::userNamespaces);
    attempt("subordinate ids", facts::subordinateIds);
    StoreDisk disk = new StoreDisk(options, directory);
    attempt("store", disk::fileSystem);
    attempt("overlay", disk::overlay);
    attempt("seccomp", facts::seccomp);
    for (Controller each : Controller.values()) {
      attempt("limit of " + each.second, () -> limit(each));
    }
    HostTools.network().forEach(tool -> attempt(tool, () -> HostTools.described(tool)));
    HostTools.engines().forEach(tool -> attempt(tool, () -> HostTools.described(tool)));
    IsolationTrial trial = new IsolationTrial(options, directory);
    attempt("network none", trial::ownNetwork);
    attempt("network private", trial::privateNetwork);
    for (Isolation each : Isolation.values()) {
      attempt("isolation " + each.name().toLowerCase(Locale.ROOT), () -> trial.of(each));
    }
    return List.copyOf(findings);
  }

  private void attempt(String subject, Supplier<String> what) {
    try {
      findings.add(new HostFinding(subject, true, what.get()));
    } catch (OperationException e) {
      findings.add(new HostFinding(subject, false, e.getMessage()));
    }
  }

  private String limit(Controller controller) {
    try (Cgroups groups = new Cgroups();
        CgroupRun run = groups.open(some(controller), directory)) {
      return "by groups in " + run;
    }
  }

  /** Limits that need one controller. */
  private static Resources some(Controller controller) {
    return switch (controller) {
      case MEMORY -> new Resources(1L << 30, -1, 0, 0, 0, 0, 0);
      case CPU -> new Resources(0, -1, 1, 0, 0, 0, 0);
      case PIDS -> new Resources(0, -1, 0, 1000, 0, 0, 0);
      case IO -> new Resources(0, -1, 0, 0, 0, 1L << 30, 0);
    };
  }

  /** What a file of the kernel says, or an error that says what it would have. */
  static String read(String file, String lacking) {
    try {
      return ProcFile.read(Path.of(file));
    } catch (IOException e) {
      throw new OperationException(lacking, e);
    }
  }
}

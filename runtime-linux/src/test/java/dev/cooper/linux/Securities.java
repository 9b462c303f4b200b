package dev.cooper.linux;

import dev.cooper.command.Capability;
import dev.cooper.command.Rlimit;
import dev.cooper.command.Seccomp;
import dev.cooper.command.Security;
import dev.cooper.spi.ProcessSecurity;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What processes may do in tests, each differing from the default in one thing. */
final class Securities {
  private static final ProcessSecurity PLAIN = ProcessSecurity.DEFAULT;

  private Securities() {}

  static ProcessSecurity seccomp(Seccomp seccomp) {
    return of(PLAIN.capabilities(), false, seccomp);
  }

  static ProcessSecurity unconfined() {
    return seccomp(new Seccomp.Unconfined());
  }

  static ProcessSecurity with(Capability more) {
    Set<Capability> all = EnumSet.copyOf(PLAIN.capabilities());
    all.add(more);
    return of(all, false, PLAIN.seccomp());
  }

  static ProcessSecurity of(
      Set<Capability> capabilities, boolean noNewPrivileges, Seccomp seccomp) {
    return new ProcessSecurity(
        capabilities, Set.of(), noNewPrivileges, seccomp, Map.of(), false, List.of(), List.of());
  }

  static ProcessSecurity requires(Capability required) {
    return new ProcessSecurity(
        Set.of(required),
        Set.of(required),
        false,
        PLAIN.seccomp(),
        Map.of(),
        false,
        List.of(),
        List.of());
  }

  static ProcessSecurity limits(Map<Rlimit, Security.Ulimit> limits) {
    return new ProcessSecurity(
        PLAIN.capabilities(),
        Set.of(),
        false,
        PLAIN.seccomp(),
        limits,
        false,
        List.of(),
        List.of());
  }

  static ProcessSecurity paths(boolean readOnlyRoot, List<String> masked, List<String> readOnly) {
    return new ProcessSecurity(
        PLAIN.capabilities(),
        Set.of(),
        false,
        PLAIN.seccomp(),
        Map.of(),
        readOnlyRoot,
        masked,
        readOnly);
  }
}

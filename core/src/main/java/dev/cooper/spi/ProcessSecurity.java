package dev.cooper.spi;

import dev.cooper.command.Capability;
import dev.cooper.command.Rlimit;
import dev.cooper.command.Seccomp;
import dev.cooper.command.Security;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a process may do.
 *
 * @param capabilities its bounding set, and what it has if it is root
 * @param required those of them without which it is not to be started
 * @param noNewPrivileges whether no program that it executes gives it more, by setuid or otherwise
 * @param seccomp which system calls it may make
 * @param limits what else is limited
 * @param readOnlyRoot whether writing to the root fails; what is mounted over it is not concerned
 * @param masked absolute paths inside whose content is hidden, where they are
 * @param readOnly absolute paths inside that cannot be written to, where they are
 */
public record ProcessSecurity(
    Set<Capability> capabilities,
    Set<Capability> required,
    boolean noNewPrivileges,
    Seccomp seccomp,
    Map<Rlimit, Security.Ulimit> limits,
    boolean readOnlyRoot,
    List<String> masked,
    List<String> readOnly) {
  /** Docker's defaults. */
  public static final ProcessSecurity DEFAULT = of(Security.DEFAULT);

  /**
   * Copies the collections.
   *
   * @param capabilities its bounding set, and what it has if it is root
   * @param required those of them without which it is not to be started
   * @param noNewPrivileges whether no program that it executes gives it more, by setuid or
   *     otherwise
   * @param seccomp which system calls it may make
   * @param limits what else is limited
   * @param readOnlyRoot whether writing to the root fails; what is mounted over it is not concerned
   * @param masked absolute paths inside whose content is hidden, where they are
   * @param readOnly absolute paths inside that cannot be written to, where they are
   */
  public ProcessSecurity {
    capabilities = Set.copyOf(capabilities);
    required = Set.copyOf(required);
    EnumMap<Rlimit, Security.Ulimit> ordered = new EnumMap<>(Rlimit.class);
    ordered.putAll(limits);
    limits = ordered;
    masked = List.copyOf(masked);
    readOnly = List.copyOf(readOnly);
  }

  /**
   * What settings come to.
   *
   * @param settings as a user gave them
   * @return with names resolved
   */
  public static ProcessSecurity of(Security settings) {
    return new ProcessSecurity(
        settings.capabilities(),
        settings.required(),
        settings.noNewPrivileges(),
        settings.seccomp(),
        settings.limits(),
        settings.readOnlyRoot(),
        settings.masked(),
        settings.readOnly());
  }
}

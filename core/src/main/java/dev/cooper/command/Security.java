package dev.cooper.command;

import dev.cooper.text.Given;
import dev.cooper.text.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What a command may do; immutable, each {@code withX}-like method gives another. Docker's and
 * buildah's options, under their names.
 *
 * <p>Names are checked when they are given. What this host cannot give is an error when the command
 * starts, never passed over.
 *
 * @param added capabilities beside the default ones, or {@code ALL}
 * @param dropped capabilities that are taken away, or {@code ALL}
 * @param noNewPrivileges whether nothing that it executes gives it more rights
 * @param seccomp which system calls it may make
 * @param ulimits limits of setrlimit(2) by their names, in lower case
 * @param readOnlyRoot whether it can write to mounts only
 * @param masked further paths that it sees nothing of
 * @param readOnly further paths that it cannot write to
 */
public record Security(
    Set<String> added,
    Set<String> dropped,
    boolean noNewPrivileges,
    Seccomp seccomp,
    SortedMap<String, Ulimit> ulimits,
    boolean readOnlyRoot,
    List<String> masked,
    List<String> readOnly) {
  /**
   * Docker's defaults: 14 capabilities for root and none for others, a seccomp filter, /proc and
   * /sys masked.
   */
  public static final Security DEFAULT =
      new Security(
          Set.of(), Set.of(), false, Seccomp.DEFAULT, new TreeMap<>(), false, List.of(), List.of());

  /** A limit's value for none. */
  public static final long UNLIMITED = -1;

  private static final String ALL = "ALL";

  /**
   * A limit of setrlimit(2).
   *
   * @param soft what counts, in the limit's own unit
   * @param hard how far the command may raise it itself
   */
  public record Ulimit(long soft, long hard) {
    /**
     * Checks that it is one.
     *
     * @param soft what counts, in the limit's own unit
     * @param hard how far the command may raise it itself
     * @throws IllegalArgumentException if the soft limit is above the hard one, or either below -1
     */
    public Ulimit {
      if (soft < UNLIMITED || hard < UNLIMITED || Long.compareUnsigned(soft, hard) > 0) {
        throw new IllegalArgumentException(
            "a ulimit of " + soft + ":" + hard + " is none: the first is at most the second");
      }
    }
  }

  /**
   * Checks the names, and copies the collections.
   *
   * @param added capabilities beside the default ones, or {@code ALL}
   * @param dropped capabilities that are taken away, or {@code ALL}
   * @param noNewPrivileges whether nothing that it executes gives it more rights
   * @param seccomp which system calls it may make
   * @param ulimits limits of setrlimit(2) by their names, in lower case
   * @param readOnlyRoot whether it can write to mounts only
   * @param masked further paths that it sees nothing of
   * @param readOnly further paths that it cannot write to
   * @throws IllegalArgumentException if a capability or a limit has no such name, or a path is not
   *     absolute; it lists the names that there are
   */
  public Security {
    added = names(added);
    dropped = names(dropped);
    ulimits.keySet().forEach(Security::rlimit);
    ulimits = new TreeMap<>(ulimits);
    masked = absolute(masked);
    readOnly = absolute(readOnly);
  }

  private static Set<String> names(Set<String> capabilities) {
    Set<String> names = new TreeSet<>();
    for (String name : capabilities) {
      names.add(name.equalsIgnoreCase(ALL) ? ALL : Capability.parse(name).name());
    }
    return names;
  }

  private static Rlimit rlimit(String name) {
    for (Rlimit limit : Rlimit.values()) {
      if (limit.name().toLowerCase(Locale.ROOT).equals(name)) {
        return limit;
      }
    }
    throw new IllegalArgumentException(
        "no ulimit is called \""
            + name
            + "\"; there are "
            + Arrays.stream(Rlimit.values())
                .map(limit -> limit.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(", ")));
  }

  private static List<String> absolute(List<String> paths) {
    List<String> whole = new ArrayList<>();
    for (String path : paths) {
      String plain = path.startsWith("/") ? Paths.absolute("/", path) : "/";
      if (plain.equals("/")) {
        throw new IllegalArgumentException(
            "\"" + path + "\" cannot be protected: it has to be an absolute path below /");
      }
      whole.add(plain);
    }
    return List.copyOf(whole);
  }

  /**
   * More capabilities than the default ones; {@code --cap-add}.
   *
   * <p>A user other than root has them in the bounding set only, as with Docker: a program gets
   * them by its file's capabilities or a setuid bit.
   *
   * @param capabilities such as {@code SYS_PTRACE} or {@code CAP_SYS_PTRACE}; {@code ALL} for each
   *     that this JVM can give
   * @return these settings with them
   * @throws IllegalArgumentException if there is none of that name
   */
  public Security capAdd(String... capabilities) {
    Set<String> more = new TreeSet<>(added);
    more.addAll(Given.all(capabilities, "capabilities"));
    return new Security(
        more, dropped, noNewPrivileges, seccomp, ulimits, readOnlyRoot, masked, readOnly);
  }

  /**
   * Fewer capabilities than the default ones; {@code --cap-drop}.
   *
   * @param capabilities such as {@code NET_RAW}; {@code ALL} for all but those that are added
   * @return these settings without them
   * @throws IllegalArgumentException if there is none of that name
   */
  public Security capDrop(String... capabilities) {
    Set<String> fewer = new TreeSet<>(dropped);
    fewer.addAll(Given.all(capabilities, "capabilities"));
    return new Security(
        added, fewer, noNewPrivileges, seccomp, ulimits, readOnlyRoot, masked, readOnly);
  }

  /**
   * Whether nothing that it executes gives it more rights, by setuid or file capabilities; {@code
   * --security-opt no-new-privileges}.
   *
   * @param none false by default
   * @return these settings with that
   */
  public Security noNewPrivileges(boolean none) {
    return new Security(added, dropped, none, seccomp, ulimits, readOnlyRoot, masked, readOnly);
  }

  /**
   * Which system calls it may make.
   *
   * @param filter {@link Seccomp#DEFAULT} by default
   * @return these settings with that filter
   */
  public Security seccomp(Seccomp filter) {
    Objects.requireNonNull(filter, "filter");
    return new Security(
        added, dropped, noNewPrivileges, filter, ulimits, readOnlyRoot, masked, readOnly);
  }

  /**
   * A limit of setrlimit(2); {@code --ulimit name=soft:hard}.
   *
   * <p>By default there is one, {@code nofile} of 1024 that the command may raise as far as this
   * JVM may.
   *
   * @param name such as {@code nofile}, {@code nproc} or {@code core}
   * @param soft what counts; {@link #UNLIMITED} for none
   * @param hard how far the command may raise it itself; {@link #UNLIMITED} for none
   * @return these settings with that limit
   * @throws IllegalArgumentException if there is none of that name
   */
  public Security ulimit(String name, long soft, long hard) {
    Objects.requireNonNull(name, "name");
    SortedMap<String, Ulimit> more = new TreeMap<>(ulimits);
    more.put(name, new Ulimit(soft, hard));
    return new Security(
        added, dropped, noNewPrivileges, seccomp, more, readOnlyRoot, masked, readOnly);
  }

  /**
   * Whether it can write to mounts only; {@code --read-only}.
   *
   * <p>As with Docker nothing else is made writable: give it {@code Mount.tmpfs("/tmp")} where it
   * needs a place.
   *
   * @param none false by default
   * @return these settings with that
   */
  public Security readOnlyRoot(boolean none) {
    return new Security(added, dropped, noNewPrivileges, seccomp, ulimits, none, masked, readOnly);
  }

  /**
   * Further paths that it sees nothing of: empty directories and empty files lie there; {@code
   * --security-opt mask=}.
   *
   * @param paths absolute; those that are not there are passed over
   * @return these settings with them
   * @throws IllegalArgumentException if one is not absolute, or is the root
   */
  public Security mask(String... paths) {
    List<String> more = new ArrayList<>(masked);
    more.addAll(Given.all(paths, "paths"));
    return new Security(
        added, dropped, noNewPrivileges, seccomp, ulimits, readOnlyRoot, more, readOnly);
  }

  /**
   * Further paths that it cannot write to, nor to anything below.
   *
   * @param paths absolute; those that are not there are passed over
   * @return these settings with them
   * @throws IllegalArgumentException if one is not absolute, or is the root
   */
  public Security readOnly(String... paths) {
    List<String> more = new ArrayList<>(readOnly);
    more.addAll(Given.all(paths, "paths"));
    return new Security(
        added, dropped, noNewPrivileges, seccomp, ulimits, readOnlyRoot, masked, more);
  }

  /**
   * What a command's root has, and nobody can gain more than. By Docker's rule, with {@code ALL} on
   * one side only the other side's names count.
   *
   * @return the capabilities that these settings leave
   */
  public Set<Capability> capabilities() {
    Set<Capability> all = EnumSet.noneOf(Capability.class);
    if (added.contains(ALL)) {
      all.addAll(EnumSet.allOf(Capability.class));
    } else if (!dropped.contains(ALL)) {
      all.addAll(Capability.DEFAULT);
    }
    if (!added.contains(ALL) || !dropped.contains(ALL)) {
      Set<Capability> without = EnumSet.noneOf(Capability.class);
      named(dropped, without);
      all.removeAll(without);
    }
    named(added, all);
    return all;
  }

  /**
   * Those of the {@linkplain #capabilities capabilities} that were asked for by name: a host that
   * cannot give one refuses the command.
   *
   * @return the capabilities without which no command starts
   */
  public Set<Capability> required() {
    Set<Capability> required = EnumSet.noneOf(Capability.class);
    named(added, required);
    required.retainAll(capabilities());
    return required;
  }

  /**
   * The ulimits by what they limit.
   *
   * @return those that are set
   */
  public Map<Rlimit, Ulimit> limits() {
    Map<Rlimit, Ulimit> limits = new EnumMap<>(Rlimit.class);
    ulimits.forEach((name, limit) -> limits.put(rlimit(name), limit));
    return limits;
  }

  private static void named(Set<String> names, Set<Capability> to) {
    for (String name : names) {
      if (!name.equals(ALL)) {
        to.add(Capability.parse(name));
      }
    }
  }
}

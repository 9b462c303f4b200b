package dev.cooper.linux;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A hierarchy of control groups that is mounted here, and this JVM's own group in it (cgroups(7)).
 *
 * @param unified whether it is of the second version, whose controllers its files name
 * @param controllers of the first version: the controllers that it was mounted for
 * @param mount where it is mounted
 * @param own this JVM's group, below the mount
 */
record CgroupHierarchy(boolean unified, Set<String> controllers, Path mount, Path own) {
  private static final int ROOT = 3;
  private static final int POINT = 4;

  /**
   * Those that a process is in and sees.
   *
   * @param groups what /proc/PID/cgroup says
   * @param mounts what /proc/PID/mountinfo says
   */
  static List<CgroupHierarchy> parse(List<String> groups, List<String> mounts) {
    List<CgroupHierarchy> found = new ArrayList<>();
    for (String line : mounts) {
      int dash = line.indexOf(" - cgroup");
      if (dash < 0) {
        continue;
      }
      String[] fields = line.substring(0, dash).split(" ", -1);
      String[] source = line.substring(dash + 3).split(" ", -1);
      boolean unified = source[0].equals("cgroup2");
      Set<String> options = new TreeSet<>(Arrays.asList(source[source.length - 1].split(",")));
      String group = group(groups, unified, options);
      String root = unescape(fields[ROOT]);
      if (group == null || !(group + "/").startsWith(root.equals("/") ? "/" : root + "/")) {
        continue; // another's part of the hierarchy is mounted here
      }
      Path mount = Path.of(unescape(fields[POINT]));
      String below = root.equals("/") ? group : group.substring(root.length());
      Path own = mount.resolve(below.isEmpty() ? "" : below.substring(1));
      found.add(new CgroupHierarchy(unified, options, mount, own));
    }
    return found;
  }

  /** The group that a process is in, by a line {@code 4:memory:/path}, or {@code 0::/path}. */
  private static @Nullable String group(List<String> groups, boolean unified, Set<String> options) {
    for (String line : groups) {
      String[] parts = line.split(":", 3);
      if (unified
          ? parts[1].isEmpty()
          : !parts[1].isEmpty() && options.containsAll(Arrays.asList(parts[1].split(",")))) {
        return parts[2];
      }
    }
    return null;
  }

  /** A path of mountinfo, in which a space is {@code \040}; Latin-1 as it was read. */
  private static String unescape(String text) {
    StringBuilder plain = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) == '\\' && i + 3 < text.length()) {
        plain.append((char) Integer.parseInt(text.substring(i + 1, i + 4), 8));
        i += 3;
      } else {
        plain.append(text.charAt(i));
      }
    }
    return new String(
        plain.toString().getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
  }
}

package dev.cooper.linux;

import dev.cooper.linux.CgroupSetting.Controller;
import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Where in the second version's hierarchy this JVM may make groups.
 *
 * <p>A group with processes cannot have groups with controllers below it, so that is hardly ever
 * the JVM's own: it is the nearest one above that it may write to, as the one that systemd
 * delegates to a user.
 */
final class CgroupBase {
  private CgroupBase() {}

  static Path of(CgroupHierarchy hierarchy, Controller controller) {
    List<String> tried = new ArrayList<>();
    for (Path at = hierarchy.own();
        at != null && at.startsWith(hierarchy.mount());
        at = at.getParent()) {
      if (!Files.isWritable(at) || !Files.isWritable(at.resolve("cgroup.procs"))) {
        tried.add(at + " belongs to another");
      } else if (isPopulated(at)) {
        tried.add(at + " has processes");
      } else if (enable(at, controller)) {
        return at;
      } else {
        tried.add(at + " has not that controller");
      }
    }
    throw refused(controller, String.join(", ", tried));
  }

  /**
   * Whether processes live in a group, which is none of the hierarchy's root. The kernel would
   * enable some controllers all the same (cpu and pids, which are threaded), and then let no
   * process into a group below it.
   */
  private static boolean isPopulated(Path group) {
    try {
      return Files.exists(group.resolve("cgroup.type"))
          && !ProcFile.read(group.resolve("cgroup.procs")).isEmpty();
    } catch (IOException e) {
      return true; // gone, or threaded, which has no list of processes
    }
  }

  /** Whether groups below one can use a controller, from now on at least. */
  static boolean enable(Path group, Controller controller) {
    Path file = group.resolve("cgroup.subtree_control");
    try {
      if (Arrays.asList(ProcFile.read(file).split(" ")).contains(controller.second)) {
        return true;
      }
      CgroupRun.write(file, "+" + controller.second);
      return true;
    } catch (IOException e) {
      return false; // the caller says what was tried
    }
  }

  static OperationException refused(Controller controller, String found) {
    return new OperationException(
        "cannot limit "
            + controller.second
            + ": this JVM may make no control group for it: "
            + found
            + ": start the JVM in one of its own (systemd-run --user --scope -p Delegate=yes java ...; in a container: with /sys/fs/cgroup writable, in a group below the outermost), or ask for no limit");
  }
}

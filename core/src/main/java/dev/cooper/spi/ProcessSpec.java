package dev.cooper.spi;

import dev.cooper.command.Network;
import dev.cooper.command.Resources;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.Text;
import java.util.List;
import java.util.Map;

/**
 * A process to run in a root filesystem.
 *
 * @param command the executable and its arguments; one without a slash is looked for in the
 *     environment's PATH
 * @param environment names and values
 * @param workdir an absolute path inside
 * @param uid its user id
 * @param gid its group id
 * @param groups its supplementary group ids
 * @param hostname its host name
 * @param network which network it sees
 * @param mounts what is mounted over the root while it runs
 * @param security what it may do
 * @param resources how much it may use
 */
public record ProcessSpec(
    List<String> command,
    Map<String, String> environment,
    String workdir,
    long uid,
    long gid,
    List<Long> groups,
    String hostname,
    Network network,
    List<ProcessMount> mounts,
    ProcessSecurity security,
    Resources resources) {
  /**
   * Copies the collections, and checks what becomes a string of the kernel's.
   *
   * @param command the executable and its arguments; one without a slash is looked for in the
   *     environment's PATH
   * @param environment names and values
   * @param workdir an absolute path inside
   * @param uid its user id
   * @param gid its group id
   * @param groups its supplementary group ids
   * @param hostname its host name
   * @param network which network it sees
   * @param mounts what is mounted over the root while it runs
   * @param security what it may do
   * @param resources how much it may use
   * @throws OperationException if a NUL is in one of these: the kernel would take what stands
   *     before it for the whole
   */
  public ProcessSpec {
    command.forEach(each -> requireWhole("the command's argument " + Text.quote(each), each));
    environment.forEach(ProcessSpec::requireVariable);
    requireWhole("the working directory " + Text.quote(workdir), workdir);
    requireWhole("the host name " + Text.quote(hostname), hostname);
    mounts.forEach(
        each -> requireWhole("the mount's target " + Text.quote(each.target()), each.target()));
    command = List.copyOf(command);
    environment = Map.copyOf(environment);
    groups = List.copyOf(groups);
    mounts = List.copyOf(mounts);
  }

  /** A value is not shown, as it may be a secret. */
  private static void requireVariable(String name, String value) {
    String what = "the environment variable " + Text.quote(name);
    requireWhole(what, name);
    requireWhole("the value of " + what, value);
  }

  private static void requireWhole(String what, String text) {
    if (text.indexOf('\0') >= 0) {
      throw new OperationException(
          "cannot run a command: "
              + what
              + " holds a NUL, and the kernel would cut it there: set another, or mend the image");
    }
  }

  /**
   * Whether it shares the host's network.
   *
   * @return false if it has one of its own
   */
  public boolean hostNetwork() {
    return network.mode() == Network.Mode.HOST;
  }
}

package dev.cooper.spi;

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
    ProcessNetwork network,
    List<ProcessMount> mounts,
    ProcessSecurity security,
    ProcessResources resources) {
  /**
   * Copies the collections.
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
  public ProcessSpec {
    command = List.copyOf(command);
    environment = Map.copyOf(environment);
    groups = List.copyOf(groups);
    mounts = List.copyOf(mounts);
  }

  /**
   * Whether it shares the host's network.
   *
   * @return false if it has one of its own
   */
  public boolean hostNetwork() {
    return network.mode() == ProcessNetwork.Mode.HOST;
  }
}

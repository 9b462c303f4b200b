package dev.cooper.linux;

import dev.cooper.spi.LiveProcess;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What the processes below a lane listen on, from the kernel's own lists (proc_pid_net(5)).
 *
 * <p>Nothing connects to find that out: in a private network the program at its border accepts
 * before anything listens inside.
 */
final class ListeningPorts implements LiveProcess {
  private static final int LOCAL_ADDRESS = 1;
  private static final int STATE = 3;
  private static final int INODE = 9;
  private static final String LISTEN = "0A";

  private final long lane;
  private volatile boolean over;

  /**
   * Of what a lane runs.
   *
   * @param lane its process, as this JVM's /proc counts it
   */
  ListeningPorts(long lane) {
    this.lane = lane;
  }

  /** From now on the lane runs something else. */
  void over() {
    over = true;
  }

  @Override
  public boolean listensOn(int port) {
    Map<String, Set<String>> known = new HashMap<>();
    String host = network("self");
    for (long pid : ProcessTree.descendants(lane)) {
      String process = Long.toString(pid);
      String network = network(process);
      Set<String> sockets = known.computeIfAbsent(network, each -> sockets(process, port));
      boolean found = network.equals(host) ? holdsOne(process, sockets) : !sockets.isEmpty();
      if (found && !network.isEmpty()) {
        return !over;
      }
    }
    return false;
  }

  /** The name of its network namespace; empty if it is gone. */
  private static String network(String process) {
    try {
      return Files.readSymbolicLink(Path.of("/proc", process, "ns/net")).toString();
    } catch (IOException e) {
      return "";
    }
  }

  /** The inodes of the sockets that listen on a port in its network namespace. */
  private static Set<String> sockets(String process, int port) {
    Set<String> found = new HashSet<>();
    for (String protocol : List.of("tcp", "tcp6")) {
      for (String line : lines(Path.of("/proc", process, "net", protocol))) {
        String[] fields = line.strip().split("\\s+", -1);
        if (fields.length > INODE && fields[STATE].equals(LISTEN) && port(fields) == port) {
          found.add("socket:[" + fields[INODE] + "]");
        }
      }
    }
    return found;
  }

  /** None of a process that is gone meanwhile, or of a kernel without the protocol. */
  private static List<String> lines(Path file) {
    try {
      return ProcFile.lines(file);
    } catch (IOException e) {
      return List.of();
    }
  }

  private static int port(String[] fields) {
    String address = fields[LOCAL_ADDRESS];
    return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1), 16);
  }

  private static boolean holdsOne(String process, Set<String> sockets) {
    if (sockets.isEmpty()) {
      return false;
    }
    try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc", process, "fd"))) {
      for (Path each : all) {
        if (sockets.contains(target(each))) {
          return true;
        }
      }
    } catch (IOException e) {
      return false; // gone meanwhile
    }
    return false;
  }

  private static String target(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (IOException e) {
      return ""; // closed meanwhile
    }
  }
}

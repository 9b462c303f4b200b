package dev.cooper.linux;

import static dev.cooper.linux.Linux.AT_FDCWD;
import static dev.cooper.linux.Linux.CLONE_PIDFD;
import static dev.cooper.linux.Linux.CLONE_VFORK;
import static dev.cooper.linux.Linux.CLONE_VM;
import static dev.cooper.linux.Linux.O_CLOEXEC;
import static dev.cooper.linux.Linux.O_DIRECTORY;
import static dev.cooper.linux.Linux.O_NONBLOCK;
import static dev.cooper.linux.Linux.O_PATH;

import dev.cooper.command.Network;
import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The host's program that connects one container's network: a child of a lane, which waits for it.
 *
 * <p>It lives in the keeper's pid and user namespaces, so that it has no right that the keeper has
 * not, and dies with it however that ends (a killed JVM among it). Of this JVM it inherits five
 * descriptors and nothing else, no variable of the environment either.
 */
final class NetworkProcess implements AutoCloseable {
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final long LOOK_AGAIN_NANOS = 50_000_000;
  private static final int DESCRIPTORS = NetworkTool.DIRECTORY + 1;
  private static final int SIG_SETMASK = 2;
  private static final int BUFFER = 4096;
  private static final int POLL_FD = 8;

  private static final Pattern TUN = Pattern.compile("/dev/net/tun|tun socket|TUNSETIFF");
  private static final Pattern NOISE =
      Pattern.compile("bytes to syslog|seccomp is experimental|^child failed");

  private static final AtomicLong NUMBER = new AtomicLong();

  private final Lane lane;
  private final NetworkTool tool;
  private final List<Network.Port> ports;
  private final Path directory;
  // Several may run beside one container; one of a JVM that was killed is in nobody's way.
  private final String socket = "slirp4netns-" + NUMBER.incrementAndGet() + ".sock";
  private final SyscallProgram child = SyscallProgram.small();
  private final SyscallProgram outer = SyscallProgram.small();
  private final long pidfd = outer.memory.zeroed(8);
  private final ByteArrayOutputStream said = new ByteArrayOutputStream();
  private final int cloned;
  private final long readyEnd;
  private final long saidEnd;
  private final long place;
  private final long[] childEnds;

  /** Prepares it, to be started and closed. */
  NetworkProcess(
      Lane lane, NetworkTool tool, long namespace, List<Network.Port> ports, Path directory) {
    this.lane = lane;
    this.tool = tool;
    this.ports = ports;
    this.directory = directory;
    // Nobody reads what it says once it is ready: it must not wait for that.
    place = open(directory);
    long[] ready = ProcessPipes.pipe(O_CLOEXEC | O_NONBLOCK);
    long[] told = ProcessPipes.pipe(O_CLOEXEC | O_NONBLOCK);
    readyEnd = ready[0];
    saidEnd = told[0];
    childEnds = new long[] {ready[1], told[1]};
    compose(namespace, ready[1], told[1]);
    Memory.IO.putInt(pidfd, -1);
    long flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | Linux.SIGCHLD;
    cloned = outer.clone(child, lane.childStackTop(), flags, pidfd);
    outer.tolerateLast();
    outer.tolerate("pipe", Sys.CLOSE, ready[1]);
    outer.tolerate("pipe", Sys.CLOSE, told[1]);
    int waited = outer.tolerate(tool.path(), Sys.WAIT4, 0, 0, Linux.WALL, 0);
    outer.resultOf(waited, 0, cloned);
  }

  /** Starts it; the lane is busy until it is closed. */
  void start() {
    deleteSocket();
    lane.submit(outer, 0);
    Arrays.fill(childEnds, -1); // the lane closes them
  }

  private void deleteSocket() {
    if (tool.kind() == NetworkTool.Kind.SLIRP4NETNS && !ports.isEmpty()) {
      SlirpSocket.delete(directory.resolve(socket));
    }
  }

  private static long open(Path directory) {
    try (SyscallProgram program = SyscallProgram.small()) {
      long path = program.memory.string(HostPath.bytes(directory));
      int flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
      int open = program.call(directory, Sys.OPENAT, AT_FDCWD, path, flags, 0);
      Task.HERE.run(program);
      return ProcessPipes.aboveTheChilds(program.result(open));
    }
  }

  private void compose(long namespace, long ready, long told) {
    child.call("session", Sys.SETSID);
    child.call("umask", Sys.UMASK, 077);
    child.call("/", Sys.CHDIR, child.memory.string("/"));
    child.call("the network namespace", Sys.DUP3, namespace, NetworkTool.NAMESPACE, 0);
    for (int i = NetworkTool.OUTPUT; i <= NetworkTool.READY; i++) {
      child.call("output", Sys.DUP3, told, i, 0);
    }
    child.call("output", Sys.DUP3, ready, tool.tellsThrough(), 0);
    child.call(directory, Sys.DUP3, place, NetworkTool.DIRECTORY, 0);
    child.call("descriptors", Sys.CLOSE_RANGE, DESCRIPTORS, 0xffffffffL, 0);
    child.call("signals", Sys.RT_SIGPROCMASK, SIG_SETMASK, child.memory.zeroed(8), 0, 8);
    List<ByteString> arguments =
        tool.arguments(ports, socket).stream().map(ByteString::utf8).toList();
    child.call(
        tool.path(),
        Sys.EXECVEAT,
        AT_FDCWD,
        child.memory.string(HostPath.bytes(tool.path())),
        child.memory.strings(arguments),
        child.memory.strings(List.of()),
        0);
  }

  /** Returns once packets get through, and ports are published. */
  void awaitReady() {
    long deadline = System.nanoTime() + PATIENCE_NANOS;
    while (!isReady()) {
      if (lane.isDone()) {
        throw failed("ended");
      }
      if (System.nanoTime() - deadline > 0) {
        throw failed("was not ready within " + PATIENCE_NANOS / 1_000_000_000 + " seconds");
      }
    }
    if (tool.kind() == NetworkTool.Kind.SLIRP4NETNS) {
      for (Network.Port port : ports) {
        SlirpSocket.publish(Path.of("/proc/self/fd/" + place, socket), port);
      }
    }
  }

  private boolean isReady() {
    try (SyscallProgram program = new SyscallProgram(1, 256)) {
      long fds = program.memory.zeroed(2L * POLL_FD);
      long timeout = program.memory.zeroed(16);
      Memory.IO.putLong(timeout + 8, LOOK_AGAIN_NANOS);
      Memory.IO.putInt(fds, (int) readyEnd);
      Memory.IO.putShort(fds + 4, (short) Linux.POLLIN);
      Memory.IO.putInt(fds + POLL_FD, (int) saidEnd);
      Memory.IO.putShort(fds + POLL_FD + 4, (short) Linux.POLLIN);
      program.tolerate("pipes", Sys.PPOLL, fds, 2, timeout, 0, 8);
      Trampoline.run(program, 0);
      boolean answered = program.errno(0) == 0;
      if (answered && (Memory.IO.getShort(fds + POLL_FD + 6) & Linux.POLLIN) != 0) {
        listen();
      }
      return answered && (Memory.IO.getShort(fds + 6) & Linux.POLLIN) != 0;
    }
  }

  /** Takes what it has said; false if that was nothing. */
  private boolean listen() {
    try (SyscallProgram program = new SyscallProgram(1, BUFFER)) {
      long buffer = program.memory.allocate(BUFFER);
      program.tolerate("pipe", Sys.READ, saidEnd, buffer, BUFFER);
      Trampoline.run(program, 0);
      int length = (int) program.result(0);
      if (length <= 0) {
        return false;
      }
      byte[] bytes = new byte[length];
      Memory.IO.getByteArray(buffer, bytes, 0, length);
      if (said.size() < BUFFER) {
        said.write(bytes, 0, length);
      }
      return true;
    }
  }

  private RuntimeException failed(String how) {
    if (outer.errno(cloned) != 0) {
      return outer.failure(cloned).during("cannot start " + tool.path(), "");
    }
    for (int row = 0; row < child.size(); row++) {
      if (child.errno(row) != 0) {
        return child.failure(row).during("cannot start " + tool.path(), "");
      }
    }
    for (int i = 0; i < BUFFER && listen(); i++) {
      Thread.onSpinWait();
    }
    String text =
        said.toString(StandardCharsets.UTF_8)
            .lines()
            .filter(line -> !line.isBlank() && !NOISE.matcher(line).find())
            .map(String::strip)
            .collect(Collectors.joining("; "));
    return new OperationException(
        "cannot connect a private network: "
            + tool.path()
            + " "
            + how
            + (text.isEmpty() ? " and said nothing" : ": " + text)
            + remedy(text));
  }

  private String remedy(String text) {
    if (TUN.matcher(text).find()) {
      return ": this user has to be able to open /dev/net/tun: load the module tun, and make it mode 0666";
    }
    if (text.contains("No external")) {
      return ": this host has no way out itself: use Network.HOST or Network.NONE";
    }
    return ports.isEmpty()
        ? ""
        : ": another program may listen on a port that is published, or this user may not; publish port 0 for a free one";
  }

  /** Ends it, however far it has come, and waits until it is gone. */
  @Override
  public void close() {
    try {
      while (childEnds[0] < 0 && !lane.isDone()) {
        int fd = Memory.IO.getInt(pidfd);
        if (fd >= 0) {
          Trampoline.here(Sys.PIDFD_SEND_SIGNAL, fd, Linux.SIGKILL, 0, 0);
        }
        LockSupport.parkNanos(100_000);
      }
      deleteSocket();
    } finally {
      for (long end : childEnds) {
        ProcessPipes.closeFd(end);
      }
      ProcessPipes.closeFd(Memory.IO.getInt(pidfd));
      ProcessPipes.closeFd(readyEnd);
      ProcessPipes.closeFd(saidEnd);
      ProcessPipes.closeFd(place);
      child.close();
      outer.close();
    }
  }
}

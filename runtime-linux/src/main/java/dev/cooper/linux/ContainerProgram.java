package dev.cooper.linux;

import static dev.cooper.linux.Linux.AT_FDCWD;
import static dev.cooper.linux.Linux.O_CLOEXEC;
import static dev.cooper.linux.Linux.O_DIRECTORY;
import static dev.cooper.linux.Linux.O_PATH;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;
import dev.cooper.spi.ProcessMount;
import dev.cooper.spi.ProcessSpec;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a container process does between its clone and its command: mounts, a new root, less rights,
 * and execve.
 *
 * <p>Nothing of the image is loaded or run before all is dropped. Descriptors go before the working
 * directory is entered, so that none can be named as one (CVE-2024-21626). The rows that execute
 * the command come last: one for each place it may be in, as one that succeeds never returns.
 */
final class ContainerProgram implements AutoCloseable {
  private static final int ROWS = 1024;
  private static final int STDIO = 3;
  private static final int OPEN_FILES = 1024;
  private static final int RLIMIT_NOFILE = 7;
  private static final int KEYCTL_JOIN_SESSION_KEYRING = 1;
  private static final int SIG_SETMASK = 2;
  private static final int SIOCSIFFLAGS = 0x8914;
  private static final int IFF_UP = 1;

  private final SyscallProgram program = new SyscallProgram(ROWS, 64 << 10);
  private final ProcessSpec process;
  private int workdirRow;
  private int firstExecute;

  ContainerProgram(
      ProcessSpec process, OverlayMount overlay, long permitted, boolean ttyGroup, long[] stdio) {
    this.process = process;
    long root = program.memory.zeroed(8);
    int open =
        program.call(
            overlay.merged(),
            Sys.OPENAT,
            AT_FDCWD,
            program.memory.string(HostPath.bytes(overlay.merged())),
            O_PATH | O_DIRECTORY | O_CLOEXEC);
    program.into(open, root);
    mounts(new ContainerMounts(program, root), overlay, ttyGroup);
    enterRoot(root);
    if (!process.hostNetwork()) {
      loopbackUp();
    }
    session(stdio);
    Capabilities.bound(program);
    dropRights(permitted);
    execute();
  }

  private void mounts(ContainerMounts mounts, OverlayMount overlay, boolean ttyGroup) {
    mounts.system(process.hostNetwork(), ttyGroup);
    for (String name : EtcFiles.NAMES) {
      mounts.bind(overlay.directory().resolve("etc").resolve(name), "/etc/" + name, false);
    }
    List<ProcessMount.Memory> memory = new ArrayList<>();
    for (ProcessMount mount : process.mounts()) {
      if (mount instanceof ProcessMount.Bind bind) {
        mounts.bind(bind.source(), bind.target(), bind.readOnly());
      } else if (mount instanceof ProcessMount.Tmpfs tmpfs) {
        mounts.tmpfs(tmpfs.target(), tmpfs.size(), tmpfs.mode());
      } else if (mount instanceof ProcessMount.Memory file) {
        memory.add(file);
      }
    }
    mounts.memoryFiles(memory, overlay.directory().resolve("etc"));
  }

  private void enterRoot(long root) {
    long dot = program.memory.string(".");
    int enter = program.call("the new root", Sys.FCHDIR, 0);
    program.from(enter, 0, root);
    program.call("the new root", Sys.PIVOT_ROOT, dot, dot);
    program.call("the old root", Sys.UMOUNT2, dot, Linux.MNT_DETACH);
    program.call("/", Sys.CHDIR, program.memory.string("/"));
    byte[] hostname = process.hostname().getBytes(StandardCharsets.UTF_8);
    program.call(
        process.hostname(), Sys.SETHOSTNAME, program.memory.bytes(hostname), hostname.length);
  }

  private void loopbackUp() {
    long request = program.memory.zeroed(40);
    Memory.IO.putByte(request, (byte) 'l');
    Memory.IO.putByte(request + 1, (byte) 'o');
    Memory.IO.putShort(request + 16, (short) IFF_UP);
    int socket = program.call("loopback", Sys.SOCKET, 2, 2 | O_CLOEXEC, 0);
    int up = program.call("loopback", Sys.IOCTL, 0, SIOCSIFFLAGS, request);
    program.resultOf(up, 0, socket);
  }

  private void session(long[] stdio) {
    program.call("session", Sys.SETSID);
    // A keyring of its own; where the kernel has none there is nothing to keep apart.
    program.tolerate("keyring", Sys.KEYCTL, KEYCTL_JOIN_SESSION_KEYRING, 0);
    // The JVM raises its soft limit to the hard one; programs that close every descriptor one by
    // one take minutes then.
    long soft = program.memory.zeroed(16);
    Memory.IO.putLong(soft, OPEN_FILES);
    Memory.IO.putLong(soft + 8, hardLimit());
    program.call("open files", Sys.PRLIMIT64, 0, RLIMIT_NOFILE, soft, 0);
    for (int i = 0; i < STDIO; i++) {
      program.call("descriptor " + i, Sys.DUP3, stdio[i], i, 0);
    }
    program.call("descriptors", Sys.CLOSE_RANGE, STDIO, 0xffffffffL, 0);
    program.call("umask", Sys.UMASK, 022);
  }

  private static long hardLimit() {
    try (SyscallProgram asked = new SyscallProgram(1, 64)) {
      long limit = asked.memory.zeroed(16);
      asked.call("open files", Sys.PRLIMIT64, 0, RLIMIT_NOFILE, 0, limit);
      Task.HERE.run(asked);
      return Memory.IO.getLong(limit + 8);
    }
  }

  private void dropRights(long permitted) {
    long groups = program.memory.allocate(Math.max(8, 4L * process.groups().size()));
    for (int i = 0; i < process.groups().size(); i++) {
      Memory.IO.putInt(groups + 4L * i, process.groups().get(i).intValue());
    }
    program.call("groups " + process.groups(), Sys.SETGROUPS, process.groups().size(), groups);
    program.call(
        "group " + process.gid(), Sys.SETRESGID, process.gid(), process.gid(), process.gid());
    program.call(
        "user " + process.uid(), Sys.SETRESUID, process.uid(), process.uid(), process.uid());
    Capabilities.set(program, process.uid() == 0, permitted);
    workdirRow =
        program.call(process.workdir(), Sys.CHDIR, program.memory.string(process.workdir()));
    program.call("signals", Sys.RT_SIGPROCMASK, SIG_SETMASK, program.memory.zeroed(8), 0, 8);
  }

  private void execute() {
    List<ByteString> arguments = process.command().stream().map(ByteString::utf8).toList();
    List<ByteString> environment = new ArrayList<>();
    for (Map.Entry<String, String> variable : process.environment().entrySet()) {
      environment.add(ByteString.utf8(variable.getKey() + "=" + variable.getValue()));
    }
    environment.sort(null);
    long argv = program.memory.strings(arguments);
    long envp = program.memory.strings(environment);
    firstExecute = program.size();
    for (String candidate : candidates()) {
      program.tolerate(candidate, Sys.EXECVE, program.memory.string(candidate), argv, envp);
    }
  }

  private List<String> candidates() {
    String name = process.command().get(0);
    if (name.contains("/")) {
      return List.of(name);
    }
    List<String> candidates = new ArrayList<>();
    for (String place : process.environment().getOrDefault("PATH", "").split(":", -1)) {
      if (place.startsWith("/") && candidates.size() < 64) {
        candidates.add(place + "/" + name);
      }
    }
    return candidates;
  }

  SyscallProgram program() {
    return program;
  }

  /** Why the command was not executed, or null if it was. */
  @Nullable RuntimeException failure() {
    for (int row = 0; row < firstExecute; row++) {
      if (program.errno(row) != 0 && !program.isTolerated(row)) {
        return explain(row);
      }
    }
    int errno = Linux.ENOENT;
    for (int row = firstExecute; row < program.size(); row++) {
      int found = program.errno(row);
      if (found == 0) {
        return null;
      }
      if (found != Linux.ENOENT && found != Linux.ENOTDIR) {
        errno = found;
      }
    }
    return notExecuted(errno);
  }

  private RuntimeException explain(int row) {
    SystemCallException failure = program.failure(row);
    if (row == workdirRow) {
      return failure.during(
          "cannot enter the working directory " + process.workdir(),
          "create it, or set another with workdir(...)");
    }
    String remedy = "";
    if (failure.getMessage().startsWith("set")) {
      return failure.during(
          "cannot become user " + process.uid() + ":" + process.gid(),
          failure.errno() == Linux.EINVAL
              ? "this id may lie beyond the subordinate ids in /etc/subuid and /etc/subgid"
              : "");
    }
    if (failure.errno() == Linux.ELOOP || failure.errno() == Linux.ENOTDIR) {
      remedy =
          "in the image it is a link or no directory, and a mount through it could reach elsewhere: fix the image";
    } else if (failure.errno() == Linux.EPERM && failure.getMessage().contains("proc")) {
      remedy =
          "a container around this JVM masks parts of /proc: run it with --security-opt systempaths=unconfined";
    }
    return failure.during("cannot set up the container", remedy);
  }

  private RuntimeException notExecuted(int errno) {
    String name = process.command().get(0);
    String where =
        name.contains("/") ? "" : " in PATH " + process.environment().getOrDefault("PATH", "");
    String remedy =
        switch (errno) {
          case Linux.ENOENT ->
              "install it, or give its path; a script needs its interpreter, a program its loader";
          case Linux.EACCES -> "make it executable for user " + process.uid();
          case Linux.ENOEXEC ->
              "it is no program for this machine; a script needs a first line with #! and its interpreter";
          case Linux.E2BIG -> "its arguments and environment are too long for the kernel";
          default -> "";
        };
    return new OperationException(
        "cannot execute \""
            + name
            + "\""
            + where
            + ": "
            + SystemCallException.reason(errno)
            + ": "
            + remedy);
  }

  @Override
  public void close() {
    program.close();
  }
}

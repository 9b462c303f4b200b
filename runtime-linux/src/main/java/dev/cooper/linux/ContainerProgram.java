package dev.cooper.linux;

import static dev.cooper.linux.Linux.AT_FDCWD;
import static dev.cooper.linux.Linux.O_CLOEXEC;
import static dev.cooper.linux.Linux.O_DIRECTORY;
import static dev.cooper.linux.Linux.O_PATH;

import dev.cooper.command.Capability;
import dev.cooper.command.Network;
import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;
import dev.cooper.spi.ProcessSecurity;
import dev.cooper.spi.ProcessSpec;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntSupplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a container process does between its clone and its command: mounts, a new root, less rights,
 * and the launcher.
 *
 * <p>Nothing of the image is loaded or run before all is dropped. Descriptors go before the working
 * directory is entered, so that none can be named as one (CVE-2024-21626). The row that executes
 * the launcher comes last.
 */
final class ContainerProgram implements ChildProgram {
  private static final Pattern CHANGES_IDS = Pattern.compile("set(groups|(re|res|fs)?[ug]id)\\b");
  private static final long NAMESPACES =
      Linux.CLONE_NEWNS | Linux.CLONE_NEWPID | Linux.CLONE_NEWIPC | Linux.CLONE_NEWUTS;
  private static final int ROWS = 1024;
  private static final int ROWS_A_PATH = 16;
  private static final int MOST_PLACES = 64;
  private static final int KEYCTL_JOIN_SESSION_KEYRING = 1;
  private static final int SIG_SETMASK = 2;

  /** No address: the kernel answers EFAULT. */
  private static final long NOT_ENTERED = 1;

  private static final int SIOCSIFFLAGS = 0x8914;
  private static final int IFF_UP = 1;

  private final SyscallProgram program;
  private final ProcessSpec process;
  private final MountPlan plan;
  private final long namespaces;
  private int workdirRow;
  private int againRow;
  private int requiredRow;
  private int executeRow;

  ContainerProgram(
      ProcessSpec process,
      MountPlan plan,
      ProtectedPaths paths,
      @Nullable CgroupRun groups,
      @Nullable PrivateNetwork network,
      RootTree tree,
      Keeper keeper,
      long[] stdio,
      long failed) {
    this.process = process;
    this.plan = plan;
    this.namespaces =
        (keeper.isPlain() ? 0 : NAMESPACES)
            // Where it enters groups first it makes this namespace itself, and sees them as the
            // outermost.
            | (groups == null && !keeper.isPlain() ? Linux.CLONE_NEWCGROUP : 0)
            | (process.network().mode() == Network.Mode.NONE ? Linux.CLONE_NEWNET : 0);
    int more =
        ROWS_A_PATH * (paths.masked().size() + paths.readOnly().size() + plan.steps().size())
            + plan.places();
    program = new SyscallProgram(ROWS + more, 64 << 10);
    try {
      program.name("cooper-init");
      if (network != null) {
        network.enter(program);
      }
      enterContainer(paths, groups, tree, keeper);
      Launcher.descriptors(program, stdio, failed);
      dropRights(keeper);
      execute();
    } catch (RuntimeException e) {
      program.close(); // what was asked for cannot be had: nobody else knows of its memory
      throw e;
    }
  }

  private void enterContainer(
      ProtectedPaths paths, @Nullable CgroupRun groups, RootTree tree, Keeper keeper) {
    if (groups != null) {
      groups.enter(program);
    }
    long root = program.memory.zeroed(8);
    int open =
        program.call(
            tree.merged(),
            Sys.OPENAT,
            AT_FDCWD,
            program.memory.string(HostPath.bytes(tree.merged())),
            O_PATH | O_DIRECTORY | O_CLOEXEC);
    program.into(open, root);
    if (keeper.isPlain()) {
      changeRoot(root);
    } else {
      ContainerMounts mounts = new ContainerMounts(program, root, keeper.kernel());
      mounts(mounts, tree, keeper.mapsTty(), keeper.pid());
      mounts.protect(paths);
      mounts.root(process.security().readOnlyRoot());
      enterRoot(root);
      if (!process.hostNetwork()) {
        loopbackUp();
      }
    }
    session();
  }

  /**
   * All that the isolation without namespaces does; what the command needs was put there before.
   */
  private void changeRoot(long root) {
    int enter = program.call("the new root", Sys.FCHDIR, 0);
    program.from(enter, 0, root);
    program.call("the new root", Sys.CHROOT, program.memory.string("."));
    program.call("/", Sys.CHDIR, program.memory.string("/"));
  }

  private void mounts(ContainerMounts mounts, RootTree tree, boolean ttyGroup, long keeper) {
    mounts.system(process.hostNetwork(), ttyGroup, plan.inDev());
    // Hidden below it are links that the overlay, once mounted, needs no more.
    List<Long> files = mounts.memoryFiles(plan.files(), tree.directory().resolve("lower"));
    mounts.attach(plan, files, keeper);
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

  private void session() {
    program.call("session", Sys.SETSID);
    // A keyring of its own; where the kernel has none there is nothing to keep apart.
    program.tolerate("keyring", Sys.KEYCTL, KEYCTL_JOIN_SESSION_KEYRING, 0);
    program.call("umask", Sys.UMASK, 022);
  }

  /**
   * Without no_new_privs only CAP_SYS_ADMIN may load a filter, so that comes before it is dropped;
   * with it, after all else.
   */
  private void dropRights(Keeper keeper) {
    ProcessSecurity security = process.security();
    long permitted = keeper.permitted();
    long capabilities = Capability.bits(kept(security, keeper.isPlain()));
    Capabilities.require(security.required(), permitted);
    Rlimits.set(program, security.limits());
    Capabilities.bound(program, capabilities);
    if (security.noNewPrivileges()) {
      program.call("no new privileges", Sys.PRCTL, Linux.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    } else if (!keeper.isPlain() || Capabilities.administers(permitted)) {
      SeccompFilters.load(program, security.seccomp(), capabilities, false);
    }
    long entered = program.memory.allocate(8);
    Memory.IO.putLong(entered, NOT_ENTERED);
    // A directory of root's alone is no obstacle to another user, as in runc: WORKDIR /root.
    workdirRow = enterWorkdir(entered);
    becomeUser(keeper);
    Capabilities.set(program, process.uid() == 0 ? capabilities & permitted : 0);
    if (keeper.isPlain()) {
      // Last of all that changes credentials, which clears it: nothing else ends it with its lane.
      program.call("parent", Sys.PRCTL, Linux.PR_SET_PDEATHSIG, Linux.SIGKILL);
    }
    // And one that is another's alone may be closed to root: on NFS, or of an id without a mapping.
    againRow = enterWorkdir(entered);
    // A success of either has put 0 where this takes its old mask's address from; else it fails.
    requiredRow =
        program.call("signals", Sys.RT_SIGPROCMASK, SIG_SETMASK, program.memory.zeroed(8), 0, 8);
    program.from(requiredRow, 2, entered);
    if (security.noNewPrivileges()) {
      SeccompFilters.load(program, security.seccomp(), capabilities, true);
    }
  }

  private int enterWorkdir(long entered) {
    long path = program.memory.string(process.workdir());
    int row = program.tolerate(process.workdir(), Sys.CHDIR, path);
    program.into(row, entered);
    return row;
  }

  /** What only its root directory parts from the host loses more, unless it was asked for. */
  private static Set<Capability> kept(ProcessSecurity security, boolean plain) {
    Set<Capability> kept = new TreeSet<>(security.capabilities());
    if (plain) {
      kept.removeIf(
          each ->
              Capabilities.TAKEN_BY_CHROOT.contains(each) && !security.required().contains(each));
    }
    return kept;
  }

  private void becomeUser(Keeper keeper) {
    keeper.requireUser(process.uid(), process.gid());
    long groups = program.memory.allocate(Math.max(8, 4L * process.groups().size()));
    for (int i = 0; i < process.groups().size(); i++) {
      Memory.IO.putInt(groups + 4L * i, process.groups().get(i).intValue());
    }
    if (keeper.setsGroups()) {
      program.call("groups " + process.groups(), Sys.SETGROUPS, process.groups().size(), groups);
    }
    program.call(
        "group " + process.gid(), Sys.SETRESGID, process.gid(), process.gid(), process.gid());
    program.call(
        "user " + process.uid(), Sys.SETRESUID, process.uid(), process.uid(), process.uid());
  }

  private void execute() {
    List<ByteString> environment = new ArrayList<>();
    for (Map.Entry<String, String> variable : process.environment().entrySet()) {
      environment.add(ByteString.utf8(variable.getKey() + "=" + variable.getValue()));
    }
    environment.sort(null);
    executeRow =
        Launcher.execute(
            program,
            places(),
            process.command().stream().map(ByteString::utf8).toList(),
            environment);
  }

  private List<ByteString> places() {
    String name = process.command().get(0);
    if (name.contains("/")) {
      return List.of(ByteString.utf8(name));
    }
    List<ByteString> places = new ArrayList<>();
    for (String place : process.environment().getOrDefault("PATH", "").split(":", -1)) {
      if (place.startsWith("/") && places.size() < MOST_PLACES) {
        places.add(ByteString.utf8(place + "/" + name));
      }
    }
    return places;
  }

  @Override
  public SyscallProgram program() {
    return program;
  }

  @Override
  public long namespaces() {
    return namespaces;
  }

  @Override
  public @Nullable RuntimeException failure(int status, IntSupplier told) {
    if (status != 127 << 8) {
      return null;
    }
    int launcher = told.getAsInt();
    for (int row = 0; row < executeRow; row++) {
      if (program.errno(row) != 0 && !program.isTolerated(row)) {
        return explain(row);
      }
    }
    int errno = program.errno(executeRow);
    if (errno == Linux.E2BIG || launcher != 0) {
      return notExecuted(launcher != 0 ? launcher : errno);
    }
    return errno == 0 ? null : explain(executeRow);
  }

  /**
   * Whether a failed call is one that changes users or groups, and not another whose name begins
   * alike.
   */
  static boolean changesIds(String failure) {
    return CHANGES_IDS.matcher(failure).lookingAt();
  }

  private RuntimeException explain(int row) {
    SystemCallException failure = program.failure(row);
    if (row == requiredRow) {
      boolean refused = program.errno(workdirRow) == Linux.EACCES;
      return program
          .failure(refused ? againRow : workdirRow)
          .during(
              "cannot enter the working directory " + process.workdir(),
              "create it, or set another with workdir(...)");
    }
    String remedy = "";
    if (failure.getMessage().startsWith("move_mount")
        && (failure.errno() == Linux.EINVAL || failure.errno() == Linux.ENOTDIR)) {
      return failure.during(
          "cannot mount", "a file can only be mounted on a file, and a directory on a directory");
    }
    if (failure.getMessage().startsWith("open_tree") && failure.errno() == Linux.EINVAL) {
      return failure.during(
          "cannot bind",
          "what another Cooper has mounted is out of reach: open the container with this one, or use copyFrom");
    }
    if (changesIds(failure.getMessage())) {
      return failure.during(
          "cannot become user " + process.uid() + ":" + process.gid(),
          failure.errno() == Linux.EINVAL
              ? "this id may lie beyond the subordinate ids: extend the ranges in /etc/subuid and /etc/subgid"
              : "");
    }
    if (failure.getMessage().startsWith("prlimit64")) {
      return failure.during(
          "cannot set a ulimit",
          "only a JVM with CAP_SYS_RESOURCE can raise a hard limit above its own (ulimit -H): ask for less, or start the JVM with more");
    }
    if (failure.getMessage().startsWith("seccomp")) {
      return failure.during(
          "cannot load the seccomp filter",
          "this kernel takes none (CONFIG_SECCOMP_FILTER): use Security.DEFAULT.seccomp(Seccomp.UNCONFINED)");
    }
    if (failure.errno() == Linux.ELOOP || failure.errno() == Linux.ENOTDIR) {
      remedy =
          "in the image it is a link or no directory, and a mount through it could reach elsewhere: fix the image";
    } else if (row == executeRow || failure.getMessage().startsWith("memfd")) {
      remedy = "memory has to be executable here: set the sysctl vm.memfd_noexec below 2";
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
              name.indexOf(' ') >= 0 && process.command().size() == 1
                  ? "give each word as an argument of its own, or have a shell read the line: Command.shell(…)"
                  : "install it, or give its path; a script needs its interpreter, a program its loader";
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

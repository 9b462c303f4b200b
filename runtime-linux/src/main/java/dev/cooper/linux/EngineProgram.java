package dev.cooper.linux;

import static dev.cooper.linux.Linux.AT_FDCWD;
import static dev.cooper.linux.Linux.CLONE_NEWNS;
import static dev.cooper.linux.Linux.CLONE_NEWPID;
import static dev.cooper.linux.Linux.O_CLOEXEC;
import static dev.cooper.linux.Linux.O_DIRECTORY;
import static dev.cooper.linux.Linux.O_PATH;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.Json;
import dev.cooper.oci.JsonObject;
import dev.cooper.oci.OperationException;
import dev.cooper.spi.ProcessMount;
import dev.cooper.spi.ProcessSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What a process does that executes an engine: it lays out a bundle, in memory and in a mount
 * namespace of its own, with all that the container is to see.
 *
 * <p>The engine is the init of a pid namespace, so that nothing it starts outlives it. What it is
 * given to mount are copies that were made by descriptors and have their attributes already. It may
 * read control groups but change none: it is in the container's.
 */
final class EngineProgram implements ChildProgram {
  private static final int ROWS = 1024;
  private static final int ROWS_A_MOUNT = 16;
  private static final int SIG_SETMASK = 2;

  private final SyscallProgram program;
  private final Engine engine;
  private final ProcessSpec process;
  private final MountPlan plan;
  private final Path place;
  private final Path log;
  private int executeRow;

  EngineProgram(
      Engine engine,
      ProcessSpec process,
      MountPlan plan,
      ProtectedPaths paths,
      @Nullable CgroupRun groups,
      @Nullable PrivateNetwork network,
      RootTree tree,
      Keeper keeper,
      long[] stdio,
      long failed) {
    this.engine = engine;
    this.process = process;
    this.plan = plan;
    // Hidden below the bundle are links that the overlay, once mounted, needs no more.
    place = tree.directory().resolve("lower");
    log = tree.directory().resolve("engine.log");
    forget(); // what a JVM that was killed left, as engines append
    program =
        new SyscallProgram(ROWS + ROWS_A_MOUNT * plan.steps().size() + plan.places(), 64 << 10);
    try {
      program.name("cooper-engine");
      keeper.requireUser(process.uid(), process.gid());
      Capabilities.require(process.security().required(), keeper.permitted());
      if (groups != null) {
        groups.enter(program);
      }
      if (network != null) {
        network.enter(program); // the engine is told of none, and its container stays there
      }
      layOut(tree, new EngineBundle(process, plan, paths, place, keeper), keeper);
      program.call("session", Sys.SETSID);
      program.call("/", Sys.CHDIR, program.memory.string("/"));
      Launcher.descriptors(program, stdio, failed);
      program.call("signals", Sys.RT_SIGPROCMASK, SIG_SETMASK, program.memory.zeroed(8), 0, 8);
      execute();
    } catch (RuntimeException e) {
      program.close(); // what was asked for cannot be had: nobody else knows of its memory
      throw e;
    }
  }

  /** What a file in memory is called in the bundle. */
  static String file(int index) {
    return Integer.toString(index);
  }

  /** What a mount of the plan's is called in the bundle. */
  static String mount(int index) {
    return "mount-" + index;
  }

  private void layOut(RootTree tree, EngineBundle bundle, Keeper keeper) {
    long root = program.memory.zeroed(8);
    long path = program.memory.string(HostPath.bytes(tree.merged()));
    int open =
        program.call(tree.merged(), Sys.OPENAT, AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    program.into(open, root);
    ContainerMounts mounts = new ContainerMounts(program, root, keeper.kernel());
    mounts.readOnlyGroups();
    mounts.procHere();
    List<ProcessMount.Memory> files = plan.files();
    byte[] config = bundle.config(tree.merged());
    List<ProcessMount.Memory> all = new ArrayList<>(files);
    all.add(new ProcessMount.Memory("config.json", ByteString.of(config), 0, 0, 0600));
    mounts.memoryFiles(all, place);
    program.call(
        "config.json",
        Sys.SYMLINKAT,
        program.memory.string(file(files.size())),
        AT_FDCWD,
        program.memory.string(HostPath.bytes(place.resolve("config.json"))));
    mounts.devAt(directory("dev"), plan.inDev());
    if (process.hostNetwork()) {
      mounts.hostSysAt(directory("sys"));
    }
    for (int i = 0; i < plan.steps().size(); i++) {
      layOut(mounts, plan.steps().get(i), mount(i), keeper.pid());
    }
    mounts.root(process.security().readOnlyRoot());
  }

  private void layOut(ContainerMounts mounts, MountPlan.Step step, String name, long keeper) {
    if (step.mount() instanceof ProcessMount.Bind bind) {
      Path at = bind.source().toFile().isDirectory() ? directory(name) : emptyFile(name);
      mounts.bindAt(BindSource.of(bind.source(), keeper), at, bind.readOnly());
    } else if (step.mount() instanceof ProcessMount.Tmpfs tmpfs) {
      mounts.tmpfsAt(directory(name), tmpfs, step.places());
    }
  }

  private Path directory(String name) {
    Path path = place.resolve(name);
    long at = program.memory.string(HostPath.bytes(path));
    program.call(path, Sys.MKDIRAT, AT_FDCWD, at, 0755);
    return path;
  }

  private Path emptyFile(String name) {
    Path path = place.resolve(name);
    long at = program.memory.string(HostPath.bytes(path));
    program.call(path, Sys.MKNODAT, AT_FDCWD, at, Linux.S_IFREG | 0600, 0);
    return path;
  }

  private void execute() {
    List<ByteString> environment =
        List.of(
            ByteString.utf8("PATH=" + System.getenv().getOrDefault("PATH", "")),
            ByteString.utf8("XDG_RUNTIME_DIR=" + place));
    executeRow =
        Launcher.execute(
            program,
            List.of(HostPath.bytes(engine.program())),
            engine.command(place, log).stream().map(ByteString::utf8).toList(),
            environment);
  }

  @Override
  public SyscallProgram program() {
    return program;
  }

  @Override
  public long namespaces() {
    return CLONE_NEWNS | CLONE_NEWPID;
  }

  /** The engine's own failure is in its log; a command's is a status and nothing else. */
  @Override
  public @Nullable RuntimeException failure(int status, IntSupplier launcher) {
    if (status == 0) {
      return null;
    }
    for (int row = 0; row <= executeRow; row++) {
      if (program.errno(row) != 0 && !program.isTolerated(row)) {
        return program.failure(row).during("cannot lay out a bundle for " + engine.program(), "");
      }
    }
    int errno = launcher.getAsInt();
    if (errno != 0) {
      return new OperationException(
          "cannot execute " + engine.program() + ": " + SystemCallException.reason(errno));
    }
    String said = said();
    return said.isEmpty()
        ? null
        : new OperationException(
            engine.program()
                + " could not run \""
                + process.command().get(0)
                + "\": "
                + said
                + " (another engine: Cooper.builder().engine; without one: isolation namespaces)");
  }

  private String said() {
    if (Files.notExists(log)) {
      return "";
    }
    try {
      List<String> errors = new ArrayList<>();
      for (String line : Files.readString(log, StandardCharsets.ISO_8859_1).lines().toList()) {
        error(line, errors);
      }
      return String.join("; ", errors);
    } catch (IOException e) {
      throw new OperationException("cannot read what " + engine.program() + " said: " + e, e);
    }
  }

  private static void error(String line, List<String> to) {
    try {
      JsonObject entry =
          Json.parse(line.getBytes(StandardCharsets.ISO_8859_1), "a line of the engine's log");
      String level = entry.stringOr("level", "error");
      if (level.equals("error") || level.equals("fatal")) {
        to.add(entry.stringOr("msg", line));
      }
    } catch (ContentException e) {
      to.add(line); // said in another format
    }
  }

  @Override
  public void close() {
    program.close();
    forget();
  }

  private void forget() {
    try {
      Files.deleteIfExists(log);
    } catch (IOException e) {
      throw new OperationException("cannot remove " + log + ": " + e, e);
    }
  }
}

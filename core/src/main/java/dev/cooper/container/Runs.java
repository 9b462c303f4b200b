package dev.cooper.container;

import dev.cooper.command.Capability;
import dev.cooper.command.Command;
import dev.cooper.command.ExecResult;
import dev.cooper.command.Input;
import dev.cooper.command.Mount;
import dev.cooper.command.Network;
import dev.cooper.command.Resources;
import dev.cooper.command.Security;
import dev.cooper.error.CommandFailedException;
import dev.cooper.error.SourceNotFoundException;
import dev.cooper.io.FullDisk;
import dev.cooper.io.Io;
import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContainerConfig;
import dev.cooper.oci.OperationException;
import dev.cooper.spi.Cancellation;
import dev.cooper.spi.HostNames;
import dev.cooper.spi.ProcessEnd;
import dev.cooper.spi.ProcessIo;
import dev.cooper.spi.ProcessMount;
import dev.cooper.spi.ProcessSecurity;
import dev.cooper.spi.ProcessSpec;
import dev.cooper.spi.Rootfs;
import dev.cooper.store.Caches;
import dev.cooper.text.Paths;
import dev.cooper.tree.PathResolver;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Runs commands in a working container. */
public final class Runs {
  private static final String PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  private static final int KEPT = 64 << 20;
  private static final int TAIL = 64 << 10;

  private final ContainerFiles files;

  Runs(ContainerFiles files) {
    this.files = files;
  }

  private List<String> arguments(Command command) {
    if (!command.shell()) {
      return command.arguments();
    }
    List<String> shell = files.draft().image().config().shell();
    List<String> all = new ArrayList<>(shell.isEmpty() ? List.of("/bin/sh", "-c") : shell);
    all.addAll(command.arguments());
    return all;
  }

  public void run(Command command, String text) {
    TailOutput tail = new TailOutput(TAIL);
    ProcessEnd end;
    try (InputStream in = opened(command);
        EventOutput out = new EventOutput(files, false, tail);
        EventOutput err = new EventOutput(files, true, tail)) {
      end = end(command, io(command, in, out, err));
    } catch (IOException e) {
      throw notClosed(command, e);
    }
    require(command, end, tail.text());
    files.ran(text);
  }

  public ExecResult exec(Command command, String text) {
    ByteArrayOutputStream out = new LimitedOutput(KEPT);
    ByteArrayOutputStream err = new LimitedOutput(KEPT);
    ProcessEnd end;
    try (InputStream in = opened(command)) {
      end = end(command, io(command, in, out, err));
    } catch (IOException e) {
      throw notClosed(command, e);
    }
    requireEnded(command, end, err.toString(StandardCharsets.UTF_8));
    files.ran(text);
    return new ExecResult(
        end.status(), out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  private static @Nullable InputStream opened(Command command) {
    Input input = command.input();
    return input == null
        ? null
        : Io.run("cannot open the input of \"" + command + '"', input::open);
  }

  private static UncheckedIOException notClosed(Command command, IOException e) {
    return new UncheckedIOException("cannot close the input or an output of " + command, e);
  }

  private static ProcessIo io(
      Command command, @Nullable InputStream in, OutputStream out, OutputStream err) {
    return new ProcessIo(in, out, err, command.timeout(), new Cancellation());
  }

  /** Runs a command that was started; returns its exit status. */
  public int stream(StartedCommand running, String text) {
    Command command = running.command();
    ProcessEnd end;
    try (InputStream in = opened(command);
        OutputStream out = running.output(false);
        OutputStream err = running.output(true)) {
      end =
          end(
              command,
              new ProcessIo(
                  in, out, err, command.timeout(), running.cancellation(), running::started));
    } catch (IOException e) {
      throw notClosed(command, e);
    }
    requireEnded(command, end, running.tail().text());
    files.ran(text);
    return end.status();
  }

  private void require(Command command, ProcessEnd end, String output) {
    requireEnded(command, end, output);
    if (!command.accepted().contains(end.status())) {
      String ending =
          end.cause() == ProcessEnd.Cause.SIGNAL
              ? "was ended by signal " + (end.status() - 128)
              : "ended with exit status " + end.status();
      throw new CommandFailedException(
          command.toString(), files.label(), ending, end.status(), output);
    }
  }

  private void requireEnded(Command command, ProcessEnd end, String output) {
    String ending =
        switch (end.cause()) {
          case TIMEOUT -> "was killed after its time of " + command.timeout() + " was up";
          case CANCELLED -> "was cancelled";
          case OUT_OF_MEMORY ->
              "ran out of memory and was killed: it was allowed "
                  + resources(command).memory()
                  + " bytes; allow more with resources(Resources.UNLIMITED.memory(...))";
          case OUTPUT_NOT_TAKEN ->
              "ended with exit status "
                  + end.status()
                  + ", but its time of "
                  + command.timeout()
                  + " was up before all its output was taken, and the rest is dropped: "
                  + "the listener, or who reads its streams, is slow or blocks";
          case INTERRUPTED -> "was killed because the thread that ran it was interrupted";
          default -> "";
        };
    if (!ending.isEmpty()) {
      throw new CommandFailedException(
          command.toString(), files.label(), ending, end.status(), output);
    }
  }

  private ProcessEnd end(Command command, ProcessIo io) {
    Rootfs rootfs = files.mounted();
    ContainerConfig config = files.draft().image().config();
    UserDatabase.User user =
        files.users(rootfs).running(command.user() != null ? command.user() : config.user());
    String hostname = files.id().substring(0, 12);
    Network network = FreePorts.in(network(command));
    String workdir =
        command.workdir() == null
            ? files.draft().workdir()
            : Paths.absolute(files.draft().workdir(), command.workdir());
    try (Caches.Uses caches = new Caches.Uses(files.session().store())) {
      ProcessSpec process =
          new ProcessSpec(
              arguments(command),
              environment(command, config, user, hostname),
              workdir,
              user.uid(),
              user.gid(),
              user.groups(),
              hostname,
              network,
              mounts(command, user, workdir, caches),
              security(command, network),
              resources(command));
      return rootfs.run(process, io);
    } catch (OperationException e) {
      throw FullDisk.explained(e, "cannot run a command in " + files.directory());
    } catch (UncheckedIOException e) {
      if (!FullDisk.isCause(e)) {
        throw e;
      }
      throw FullDisk.explained(
          new OperationException(e.getMessage() + ": " + e.getCause(), e),
          "cannot run a command in " + files.directory());
    }
  }

  /** Frames of its own making could lead through a private network to the host's loopback. */
  private ProcessSecurity security(Command command, Network network) {
    Security security =
        command.security() != null ? command.security() : files.session().runs().security();
    return ProcessSecurity.of(
        network.mode() == Network.Mode.PRIVATE ? withoutFrames(security) : security);
  }

  /** Without the default's right to send frames; one that was asked for stays. */
  private static Security withoutFrames(Security security) {
    String raw = Capability.NET_RAW.name();
    boolean asked = security.added().contains(raw) || security.added().contains("ALL");
    return asked ? security : security.capDrop(raw);
  }

  public Network network(Command command) {
    return command.network() != null ? command.network() : files.session().runs().network();
  }

  private Resources resources(Command command) {
    return command.resources() != null ? command.resources() : files.session().runs().resources();
  }

  private static Map<String, String> environment(
      Command command, ContainerConfig config, UserDatabase.User user, String hostname) {
    Map<String, String> environment =
        new HashMap<>(Map.of("PATH", PATH, "HOSTNAME", hostname, "HOME", user.home()));
    for (String variable : config.env()) {
      int equals = variable.indexOf('=');
      environment.put(
          equals < 0 ? variable : variable.substring(0, equals),
          equals < 0 ? "" : variable.substring(equals + 1));
    }
    environment.putAll(command.environment());
    return environment;
  }

  private List<ProcessMount> mounts(
      Command command, UserDatabase.User user, String workdir, Caches.Uses caches) {
    List<ProcessMount> mounts = new ArrayList<>();
    Map<String, Mount> targets = new HashMap<>();
    for (Mount mount : command.mounts()) {
      String target = Paths.absolute(workdir, mount.target());
      if (target.equals("/")) {
        throw new IllegalArgumentException("nothing can be mounted over a container's root");
      }
      Mount before = targets.putIfAbsent(target, mount);
      if (before != null) {
        throw new IllegalArgumentException(
            "cannot mount two on "
                + target
                + ": "
                + text(before)
                + " and "
                + text(mount)
                + ": leave one of the two out, or give it another target");
      }
      mounts.add(mount(mount, target, user, caches));
    }
    return mounts;
  }

  /** A mount as an error names it: the kind, where it is from, and the target as it was given. */
  private static String text(Mount mount) {
    String what =
        mount instanceof Mount.Bind bind
            ? "a bind of " + bind.source()
            : mount instanceof Mount.Cache cache
                ? "the cache " + cache.id()
                : mount instanceof Mount.SecretFile secret
                    ? "the secret " + secret.secret().id()
                    : "a tmpfs";
    return what + " (target " + mount.target() + ")";
  }

  private ProcessMount mount(
      Mount mount, String target, UserDatabase.User user, Caches.Uses caches) {
    if (mount instanceof Mount.Bind bind) {
      return new ProcessMount.Bind(source(bind.source()), target, bind.readOnly());
    }
    if (mount instanceof Mount.Cache cache) {
      return new ProcessMount.Bind(caches.directory(cache.id()), target, false);
    }
    if (mount instanceof Mount.Tmpfs tmpfs) {
      return new ProcessMount.Tmpfs(target, tmpfs.size(), 01777);
    }
    if (mount instanceof Mount.SecretFile secret) {
      return new ProcessMount.Memory(
          target, ByteString.of(secret.secret().content()), user.uid(), user.gid(), 0400);
    }
    throw new OperationException("unknown mount " + mount);
  }

  /** Below another container's root, links are followed inside that (CVE-2024-1753). */
  private Path source(Path given) {
    Path absolute = given.toAbsolutePath();
    for (Rootfs other : files.session().mounted()) {
      Path root = other.hostPath();
      if (absolute.startsWith(root)) {
        PathResolver.Resolved found = PathResolver.resolve(other, HostNames.below(root, absolute));
        if (found.entry() == null && !found.path().isEmpty()) {
          throw new SourceNotFoundException(
              "the source of a bind mount does not exist in its container: " + given);
        }
        return HostNames.resolve(root, found.path());
      }
    }
    if (!Files.exists(absolute)) {
      throw new SourceNotFoundException("the source of a bind mount does not exist: " + given);
    }
    return absolute;
  }

  /** Keeps a bounded output, and fails beyond. */
  private static final class LimitedOutput extends ByteArrayOutputStream {
    private final int limit;

    LimitedOutput(int limit) {
      this.limit = limit;
    }

    @Override
    public synchronized void write(byte[] source, int offset, int length) {
      if (size() + length > limit) {
        throw new OperationException(
            "a command wrote more than the "
                + limit
                + " bytes that exec keeps: use start(...) and read its output as it comes");
      }
      super.write(source, offset, length);
    }
  }
}

package dev.cooper.linux;

import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The host's newuidmap(1) or newgidmap(1).
 *
 * @param name which of the two
 * @param user the user's name, for messages
 * @param places the directories that it may be in
 * @param patience how long it may take
 */
record MapTool(String name, String user, List<Path> places, Duration patience) {
  private static final List<Path> PLACES =
      List.of(
          Path.of("/usr/bin"),
          Path.of("/bin"),
          Path.of("/usr/local/bin"),
          Path.of("/run/wrappers/bin"));
  private static final int MOST_SAID = 4096;
  private static final int SETUID = 04000;

  MapTool(String name, String user) {
    this(name, user, PLACES, Duration.ofSeconds(10));
  }

  /** Where the host has it, or an error that says how to get it. */
  Path find() {
    return places.stream()
        .map(place -> place.resolve(name))
        .filter(Files::isExecutable)
        .findFirst()
        .orElseThrow(
            () ->
                new OperationException(
                    name
                        + " is not installed, and an ordinary user cannot map its subordinate ids without it: install the package uidmap (shadow-utils on Fedora)"));
  }

  void run(List<String> arguments) {
    Path tool = find();
    List<String> command = new ArrayList<>(List.of(tool.toString()));
    command.addAll(arguments);
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      process.getOutputStream().close();
      CompletableFuture<String> output = output(process);
      boolean ended = process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS);
      String said = ended ? said(output) : "it did not end within " + patience;
      if (!ended || process.exitValue() != 0) {
        process.destroyForcibly();
        throw failed(tool, said);
      }
    } catch (IOException e) {
      throw new OperationException("cannot run " + tool + " to map subordinate ids", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new OperationException("interrupted while " + name + " mapped subordinate ids", e);
    }
  }

  /** What it says, read beside: one that hangs, or whatever it left running, never says all. */
  private CompletableFuture<String> output(Process process) {
    CompletableFuture<String> said = new CompletableFuture<>();
    Thread reader = new Thread(() -> read(process, said), "cooper-" + name);
    reader.setDaemon(true);
    reader.start();
    return said;
  }

  private static void read(Process process, CompletableFuture<String> to) {
    try {
      byte[] said = process.getInputStream().readNBytes(MOST_SAID);
      to.complete(new String(said, StandardCharsets.UTF_8).strip());
    } catch (IOException e) {
      to.complete("what it said could not be read: " + e);
    }
  }

  private static String said(CompletableFuture<String> output) throws InterruptedException {
    try {
      return output.get(1, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      return "";
    }
  }

  private OperationException failed(Path tool, String said) {
    String why =
        isEntitled(tool)
            ? "the ranges in /etc/subuid and /etc/subgid have to be "
                + user
                + "'s, and "
                + tool
                + " setuid root on a file system that is not mounted with nosuid"
            : notEntitled(tool);
    return new OperationException(
        name + " could not map " + user + "'s subordinate ids: " + said + ": " + why);
  }

  /** Whether its file gives it the right to map ids that are not its caller's. */
  static boolean isEntitled(Path tool) {
    try {
      Path real = tool.toRealPath();
      int mode = (int) Files.getAttribute(real, "unix:mode", LinkOption.NOFOLLOW_LINKS);
      return (mode & SETUID) != 0 || hasFileCapabilities(real);
    } catch (IOException e) {
      throw new OperationException("cannot look at " + tool + ": " + e, e);
    }
  }

  /** One that cannot be read may have them. */
  private static boolean hasFileCapabilities(Path file) {
    try (SyscallProgram program = new SyscallProgram(4, 8192)) {
      long name = program.memory.string(HostPath.bytes(file));
      int flags = Linux.O_RDONLY | Linux.O_CLOEXEC;
      int open = program.tolerate(file, Sys.OPENAT, Linux.AT_FDCWD, name, flags);
      long attribute = program.memory.string("security.capability");
      int get = program.tolerate(file, Sys.FGETXATTR, 0, attribute, 0, 0);
      int close = program.tolerate(file, Sys.CLOSE, 0);
      program.resultOf(get, 0, open).resultOf(close, 0, open);
      Task.HERE.run(program);
      return program.errno(open) != 0 || program.errno(get) == 0;
    }
  }

  /** What to say of one that has no such right. */
  static String notEntitled(Path tool) {
    return tool
        + " is neither setuid root nor has it file capabilities: reinstall the package uidmap";
  }
}

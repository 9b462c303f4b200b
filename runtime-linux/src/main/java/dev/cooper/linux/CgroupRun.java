package dev.cooper.linux;

import dev.cooper.linux.CgroupSetting.Controller;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The control groups that one process and all that it starts are in, removed after it. */
final class CgroupRun implements AutoCloseable {
  private static final long PATIENCE_NANOS = 400_000_000;
  private static final long PAUSE_NANOS = 2_000_000;

  /** One directory for each hierarchy. */
  private final Set<Path> directories = new TreeSet<>();

  private @Nullable Path events;

  /** Makes a group; nothing happens if it was made for another controller. */
  void make(Path directory, boolean unified, Controller controller) throws IOException {
    if (directories.add(directory)) {
      Files.createDirectory(directory);
    }
    if (controller == Controller.MEMORY) {
      events = directory.resolve(unified ? "memory.events" : "memory.oom_control");
    }
  }

  static void set(Path directory, CgroupSetting setting) throws IOException {
    write(directory.resolve(setting.file()), setting.value());
  }

  /** Such files take a value in one write, and are never made. */
  static void write(Path file, String value) throws IOException {
    try (SeekableByteChannel channel = Files.newByteChannel(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(value.getBytes(StandardCharsets.US_ASCII)));
    }
  }

  /** Adds the rows by which the calling task enters, and sees its groups as the outermost. */
  void enter(SyscallProgram program) {
    long self = program.memory.string("0");
    for (Path directory : directories) {
      Path list = directory.resolve("cgroup.procs");
      long name = program.memory.string(HostPath.bytes(list));
      int row =
          program.call(list, Sys.OPENAT, Linux.AT_FDCWD, name, Linux.O_WRONLY | Linux.O_CLOEXEC);
      int write = program.call("its control group", Sys.WRITE, 0, self, 1);
      int close = program.call(list, Sys.CLOSE, 0);
      program.resultOf(write, 0, row).resultOf(close, 0, row);
    }
    program.call("control groups", Sys.UNSHARE, Linux.CLONE_NEWCGROUP);
  }

  /** Whether the kernel killed any process of it because there was no more memory. */
  boolean outOfMemory() {
    Path counted = events;
    if (counted == null) {
      return false;
    }
    try {
      return ProcFile.lines(counted).stream()
          .anyMatch(line -> line.startsWith("oom_kill ") && !line.equals("oom_kill 0"));
    } catch (IOException e) {
      return false; // removed from outside: the exit status says what there is to say
    }
  }

  /** Where this JVM's groups lie, for people. */
  @Override
  public String toString() {
    return directories.stream()
        .map(each -> String.valueOf(each.resolve("../..").normalize()))
        .collect(Collectors.joining(", "));
  }

  @Override
  public void close() {
    long deadline = patience();
    directories.forEach(group -> remove(group, deadline));
  }

  /** Until when removing groups may take: the kernel may never let go of one. */
  static long patience() {
    return System.nanoTime() + PATIENCE_NANOS;
  }

  /** The kernel lets go of a group shortly after the last of its processes is gone. */
  static boolean remove(Path group, long deadline) {
    while (true) {
      try {
        removeInner(group, deadline);
        Files.delete(group);
        return true;
      } catch (NoSuchFileException e) {
        return true;
      } catch (IOException e) {
        if (System.nanoTime() - deadline >= 0) {
          return false;
        }
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }
  }

  private static void removeInner(Path group, long deadline) throws IOException {
    try (DirectoryStream<Path> inner = Files.newDirectoryStream(group, Files::isDirectory)) {
      inner.forEach(each -> remove(each, deadline));
    }
  }
}

package dev.cooper.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

public final class FileLocksTest {
  @TempDir Path temp;

  @Test
  void tryOwnWhenHeldHereGivesNothing() throws IOException {
    Path file = temp.resolve("lock");
    try (FileLocks.Held held = FileLocks.own(file)) {
      assertThat(FileLocks.tryOwn(file)).isNull();
      held.closeAndDelete();
    }
    assertThat(file).doesNotExist();
    assertThatThrownBy(() -> FileLocks.tryLockExisting(file))
        .isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void tryOwnWhenALivingProcessHoldsItGivesNothing() throws Exception {
    Path file = temp.resolve("lock");
    Process holder = holder(file);
    try {
      assertThat(FileLocks.tryOwn(file)).isNull();
    } finally {
      holder.destroyForcibly().waitFor();
    }
    try (FileLocks.Held held = FileLocks.tryOwn(file)) {
      assertThat(held).isNotNull();
      assertThat(file).content().startsWith(ProcessHandle.current().pid() + " ");
    }
  }

  /** As when the JVM that held it is dead, and a child that shares its descriptors dies next. */
  @Test
  void tryLockWhenItsOwnerIsDeadWaitsForWhoeverStillHoldsIt() throws Exception {
    Path file = temp.resolve("lock");
    Process holder = holder(file);
    try {
      signByTheDead(file, holder);
      Thread ending = new Thread(() -> endSoon(holder));
      ending.start();
      try (FileLocks.Held held = FileLocks.tryLockExisting(file)) {
        assertThat(held).isNotNull();
      }
      ending.join();
    } finally {
      holder.destroyForcibly().waitFor();
    }
  }

  /** Makes a lock that somebody holds one of a process that has ended. */
  public static void signByTheDead(Path file, Process holder) throws Exception {
    Process dead = new ProcessBuilder("true").start();
    dead.waitFor();
    String content = Files.readString(file);
    assertThat(content).startsWith(holder.pid() + " ");
    Files.writeString(file, dead.pid() + content.substring(content.indexOf(' ')));
  }

  // --- two copies of the class

  @Test
  void tryLockWhenAnotherClassLoadersCopyHasItLeavesThatItsLock() throws Exception {
    Path file = temp.resolve("lock");
    try (Copy copy = new Copy()) {
      AutoCloseable held = copy.call("own", file);
      for (int i = 0; i < 3; i++) {
        assertThat(FileLocks.tryLockExisting(file)).isNull();
        assertThat(FileLocks.tryOwn(file)).isNull();
        assertThat(FileLocks.isFree(file)).isFalse();
      }
      assertThat(isFreeForOthers(file)).isFalse();
      held.close();
      try (FileLocks.Held own = FileLocks.tryOwn(file)) {
        assertThat(own).isNotNull();
        assertThat(copy.call("tryOwn", file)).isNull();
        assertThat(isFreeForOthers(file)).isFalse();
      }
      assertThat(isFreeForOthers(file)).isTrue();
    }
  }

  @Test
  void lockWhenAnotherClassLoadersCopyHasItWaitsForIt() throws Exception {
    Path file = temp.resolve("lock");
    try (Copy copy = new Copy()) {
      AutoCloseable held = copy.call("lock", file);
      Thread waiting =
          new Thread(
              () ->
                  Io.run(
                      "",
                      () -> {
                        FileLocks.lock(file).close();
                        return true;
                      }));
      waiting.start();
      while (waiting.getState() != Thread.State.TIMED_WAITING) {
        assertThat(waiting.isAlive()).as("waits").isTrue();
        Thread.onSpinWait();
      }
      held.close();
      waiting.join();
      assertThat(isFreeForOthers(file)).isTrue();
    }
  }

  /** This library once more, as a build tool's second class loader has it. */
  private static final class Copy implements AutoCloseable {
    private final URLClassLoader loader;
    private final Class<?> locks;

    Copy() throws Exception {
      List<URL> classPath = new ArrayList<>();
      for (String each : classPath().split(":")) {
        classPath.add(Path.of(each).toUri().toURL());
      }
      loader =
          new URLClassLoader(classPath.toArray(new URL[0]), ClassLoader.getPlatformClassLoader());
      locks = loader.loadClass(FileLocks.class.getName());
      assertThat(locks).isNotSameAs(FileLocks.class);
    }

    AutoCloseable call(String method, Path file) throws Exception {
      Method called = locks.getDeclaredMethod(method, Path.class);
      called.setAccessible(true);
      return (AutoCloseable) called.invoke(null, file);
    }

    @Override
    public void close() throws IOException {
      loader.close();
    }
  }

  /** As another process sees it. */
  private static boolean isFreeForOthers(Path file) throws Exception {
    Process trying = java(Trying.class, file);
    String said = new String(trying.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    return said.strip().equals("free");
  }

  /** FILE: says whether its lock is free. */
  static final class Trying {
    public static void main(String[] arguments) throws Exception {
      try (FileChannel channel =
          FileChannel.open(Path.of(arguments[0]), StandardOpenOption.WRITE)) {
        System.out.println(channel.tryLock() == null ? "taken" : "free");
      }
    }
  }

  private static String classPath() {
    return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
  }

  private static Process java(Class<?> main, Path file) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-cp",
            classPath(),
            main.getName(),
            file.toString())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  private static void endSoon(Process holder) {
    try {
      if (!holder.waitFor(200, TimeUnit.MILLISECONDS)) {
        holder.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  public static Process holder(Path file) throws IOException {
    Process holder = java(Holder.class, file);
    BufferedReader out =
        new BufferedReader(
            new InputStreamReader(holder.getInputStream(), StandardCharsets.US_ASCII));
    assertThat(out.readLine()).isEqualTo("held");
    return holder;
  }

  /** FILE: holds its lock, signed as an owner's, until it is killed. */
  static final class Holder {
    public static void main(String[] arguments) throws Exception {
      Path file = Path.of(arguments[0]);
      String namespace = Files.readSymbolicLink(Path.of("/proc/self/ns/pid")).toString();
      try (FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
        channel.lock();
        String owner = ProcessHandle.current().pid() + " " + namespace;
        channel.write(ByteBuffer.wrap(owner.getBytes(StandardCharsets.US_ASCII)));
        System.out.println("held");
        Thread.sleep(60_000);
      }
    }
  }
}

package dev.cooper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileLocksTest {
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
    Process dead = new ProcessBuilder("true").start();
    dead.waitFor();
    Path file = temp.resolve("lock");
    Process holder = holder(file);
    try {
      String content = Files.readString(file);
      assertThat(content).startsWith(holder.pid() + " ");
      Files.writeString(file, dead.pid() + content.substring(content.indexOf(' ')));
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

  private static void endSoon(Process holder) {
    try {
      if (!holder.waitFor(200, TimeUnit.MILLISECONDS)) {
        holder.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static Process holder(Path file) throws IOException {
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    Process holder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                classPath,
                Holder.class.getName(),
                file.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
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

package dev.cooper.linux;

import dev.cooper.command.Isolation;
import dev.cooper.command.Network;
import dev.cooper.spi.Rootfs;
import dev.cooper.spi.RuntimeOptions;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

/**
 * A program that runs a process in a container and then ends as it is told, or is killed.
 *
 * <p>Arguments: how it ends (stay, exit, return, halt; private stays, with such a network; chroot
 * stays, and chroot-exit exits, with such an isolation), the base layer, a working container's
 * directory, how long the process sleeps. It prints a line "keeper PID", and then what the process
 * prints.
 */
final class VictimJvm {
  /**
   * In the background, in a shell below, in a session of their own, with no parent of ours, many.
   */
  private static final String DAEMONS =
      "sleep $1 & sh -c 'sleep $1; true' & (setsid sh -c '(setsid sleep $1 &) ; sleep $1; true' &) ; "
          + "i=0; while [ $i -lt 60 ]; do setsid sleep $1 & i=$((i + 1)); done; echo running; sleep $1";

  private VictimJvm() {}

  private static Network network(String end) {
    return switch (end) {
      case "private" -> Network.PRIVATE;
      case "chroot", "chroot-exit" -> Network.HOST;
      default -> Network.NONE;
    };
  }

  /** Starts one; its output is what it prints. */
  static Process start(String end, Path base, Path container, String seconds) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx64m",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            VictimJvm.class.getName(),
            end,
            base.toString(),
            container.toString(),
            seconds)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  public static void main(String[] args) throws Exception {
    OutputStream out = new FileOutputStream(FileDescriptor.out);
    CountDownLatch ran = new CountDownLatch(1);
    // Closed by nobody, on purpose: what the kernel cleans up is what is tested.
    boolean chroot = args[0].startsWith("chroot");
    LinuxRuntime runtime =
        new LinuxRuntime(
            chroot ? new RuntimeOptions(Isolation.CHROOT, "", false) : RuntimeOptions.DEFAULT);
    Rootfs root = runtime.mount(java.util.List.of(Path.of(args[1])), Path.of(args[2]), line -> {});
    tell(out, "keeper " + runtime.keeper().pid() + "\n");
    Thread run =
        new Thread(
            () ->
                Runner.in(root)
                    .network(network(args[0]))
                    .output(new Told(out, ran))
                    .sh(
                        (chroot ? DAEMONS : "setsid sleep $1 & echo running; sleep $1")
                            .replace("$1", args[3])));
    run.setDaemon(true);
    run.start();
    switch (args[0]) {
      case "stay", "private", "chroot" -> run.join();
      case "exit", "chroot-exit" -> {
        ran.await();
        System.exit(3);
      }
      case "halt" -> {
        ran.await();
        Runtime.getRuntime().halt(4);
      }
      default -> ran.await();
    }
  }

  /** Passes on what the process prints, and tells that it did. */
  private static final class Told extends FilterOutputStream {
    private final CountDownLatch told;

    Told(OutputStream out, CountDownLatch told) {
      super(out);
      this.told = told;
    }

    @Override
    public void write(byte[] source, int offset, int length) throws IOException {
      out.write(source, offset, length);
      out.flush();
      told.countDown();
    }
  }

  private static void tell(OutputStream out, String line) throws IOException {
    out.write(line.getBytes(StandardCharsets.US_ASCII));
    out.flush();
  }
}

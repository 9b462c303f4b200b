package dev.cooper.linux;

import dev.cooper.spi.ProcessNetwork;
import dev.cooper.spi.Rootfs;
import dev.cooper.spi.RuntimeOptions;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A program that runs a process in a container and then ends as it is told, or is killed.
 *
 * <p>Arguments: how it ends (stay, exit, return, halt; private stays, with such a network), the
 * base layer, a working container's directory, how long the process sleeps. It prints a line
 * "keeper PID", and then what the process prints.
 */
final class VictimJvm {
  private VictimJvm() {}

  public static void main(String[] args) throws Exception {
    OutputStream out = new FileOutputStream(FileDescriptor.out);
    // Closed by nobody, on purpose: what the kernel cleans up is what is tested.
    LinuxRuntime runtime = new LinuxRuntime(RuntimeOptions.DEFAULT);
    Rootfs root = runtime.mount(java.util.List.of(Path.of(args[1])), Path.of(args[2]), line -> {});
    tell(out, "keeper " + runtime.keeper().pid() + "\n");
    Thread run =
        new Thread(
            () ->
                Runner.in(root)
                    .network(
                        args[0].equals("private") ? ProcessNetwork.PRIVATE : ProcessNetwork.NONE)
                    .output(out)
                    .sh("setsid sleep " + args[3] + " & echo running; sleep " + args[3]));
    run.setDaemon(true);
    run.start();
    switch (args[0]) {
      case "stay", "private" -> run.join();
      case "exit" -> {
        Thread.sleep(500);
        System.exit(3);
      }
      case "halt" -> {
        Thread.sleep(500);
        Runtime.getRuntime().halt(4);
      }
      default -> Thread.sleep(500);
    }
  }

  private static void tell(OutputStream out, String line) throws IOException {
    out.write(line.getBytes(StandardCharsets.US_ASCII));
    out.flush();
  }
}

package dev.cooper.samples.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** The most memory that this process ever had resident, heap and all, as the kernel counts it. */
final class PeakMemory {
  private PeakMemory() {}

  /** Adds it as a line, in KiB, to the file that {@code BENCH_PEAK} names, if it names one. */
  static void record() throws IOException {
    String file = System.getenv("BENCH_PEAK");
    if (file == null) {
      return;
    }
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmHWM:")) {
        Files.writeString(
            Path.of(file),
            line.replaceAll("[^0-9]", "") + "\n",
            StandardCharsets.UTF_8,
            StandardOpenOption.CREATE,
            StandardOpenOption.APPEND);
      }
    }
  }
}

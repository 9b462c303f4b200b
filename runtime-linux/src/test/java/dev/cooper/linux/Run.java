package dev.cooper.linux;

import dev.cooper.spi.ProcessEnd;
import java.util.List;

/** How a process in a test ended, and what it printed. */
record Run(ProcessEnd end, String out, String err) {
  int status() {
    return end.status();
  }

  List<String> lines() {
    return out.lines().toList();
  }
}

package dev.cooper.linux;

import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The names and numbers of all system calls of one architecture, as {@code syscalls.txt} lists
 * them; those that we make ourselves are in {@link Sys}.
 */
final class SyscallTable {
  private final Map<String, Integer> numbers = new HashMap<>();
  private final int last;

  private SyscallTable(Abi abi) {
    int most = 0;
    for (String line : lines("syscalls.txt")) {
      if (line.startsWith("#")) {
        continue;
      }
      int first = line.indexOf(' ');
      int second = line.indexOf(' ', first + 1);
      String number =
          abi == Abi.X86_64 ? line.substring(first + 1, second) : line.substring(second + 1);
      if (!number.equals("-")) {
        numbers.put(line.substring(0, first), Integer.valueOf(number));
        most = Math.max(most, Integer.parseInt(number));
      }
    }
    last = most;
  }

  static SyscallTable of(Abi abi) {
    return new SyscallTable(abi);
  }

  /** The lines of a resource beside this class. */
  static List<String> lines(String resource) {
    try (InputStream in = SyscallTable.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new OperationException(
            "the resource "
                + resource
                + " is missing from cooper-runtime-linux: its jar was repackaged without it");
      }
      return List.of(new String(in.readAllBytes(), StandardCharsets.US_ASCII).split("\n"));
    } catch (IOException e) {
      throw new OperationException("cannot read the resource " + resource, e);
    }
  }

  /** A call's number, or -1 where the architecture has none of that name. */
  int number(String name) {
    return numbers.getOrDefault(name, -1);
  }

  Set<String> names() {
    return numbers.keySet();
  }

  /** The highest number that is known. */
  int last() {
    return last;
  }
}

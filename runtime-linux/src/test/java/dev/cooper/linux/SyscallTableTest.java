package dev.cooper.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** That our numbers are the kernel's own, as its headers on this machine have them. */
final class SyscallTableTest {
  private static final Path X86 = Path.of("/usr/include/x86_64-linux-gnu/asm/unistd_64.h");
  private static final Path GENERIC = Path.of("/usr/include/asm-generic/unistd.h");
  private static final Pattern DEFINED =
      Pattern.compile("#define __NR(3264)?_(\\w+)\\s+(\\w+)(\\s*/\\*.*)?");

  /** Numbers by name; a name that stands for another's number, as 64-bit machines resolve it. */
  private static Map<String, Integer> header(Path file) throws IOException {
    BusyboxHost.require(Files.exists(file), "linux-libc-dev is not installed: no " + file);
    Map<String, Integer> numbers = new HashMap<>();
    Map<String, Integer> shared = new HashMap<>();
    for (String line : Files.readAllLines(file)) {
      Matcher defined = DEFINED.matcher(line);
      if (!defined.matches()) {
        continue;
      }
      String value = defined.group(3);
      if (defined.group(1) != null) {
        shared.put(defined.group(2), Integer.valueOf(value));
      } else if (value.matches("\\d+")) {
        numbers.put(defined.group(2), Integer.valueOf(value));
      } else if (value.startsWith("__NR3264_") && !defined.group(2).contains("64_64")) {
        String of = value.substring("__NR3264_".length());
        if (shared.containsKey(of)) {
          numbers.putIfAbsent(defined.group(2), shared.get(of));
        }
      }
    }
    return numbers;
  }

  @Test
  void numbersWhenComparedWithTheHeaderOfX86AreTheSame() throws IOException {
    SyscallTable table = SyscallTable.of(Abi.X86_64);
    header(X86)
        .forEach((name, number) -> assertThat(table.number(name)).as(name).isEqualTo(number));
  }

  @Test
  void numbersWhenComparedWithTheGenericHeaderAreTheSame() throws IOException {
    SyscallTable table = SyscallTable.of(Abi.AARCH64);
    Map<String, Integer> header = header(GENERIC);
    for (String name : table.names()) {
      if (header.containsKey(name)) {
        assertThat(table.number(name)).as(name).isEqualTo(header.get(name));
      }
    }
    assertThat(table.names()).filteredOn(header::containsKey).hasSizeGreaterThan(300);
    // Where the header has a number that the table has not, it is one of 32-bit machines.
    header.forEach(
        (name, number) -> {
          boolean known = table.names().stream().anyMatch(each -> table.number(each) == number);
          boolean of32Bits = number >= 403 && number <= 423 || number == 244;
          assertThat(known || of32Bits || name.equals("syscalls")).as(name).isTrue();
        });
  }

  @Test
  void numbersWhenWeMakeTheCallOurselvesAreTheSame() {
    for (Abi abi : Abi.values()) {
      SyscallTable table = SyscallTable.of(abi);
      for (Sys call : Sys.values()) {
        assertThat(table.number(call.title())).as("%s", call).isEqualTo(call.number(abi));
      }
    }
  }
}

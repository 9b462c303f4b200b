package dev.cooper.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** That the machine code beside its source is what the source says, as binutils assembles it. */
final class TrampolineIT {
  @ParameterizedTest
  @CsvSource({
    "trampoline,X86_64,x86_64-linux-gnu-",
    "trampoline,AARCH64,aarch64-linux-gnu-",
    "launcher,X86_64,x86_64-linux-gnu-",
    "launcher,AARCH64,aarch64-linux-gnu-",
    "sweeper,X86_64,x86_64-linux-gnu-",
    "sweeper,AARCH64,aarch64-linux-gnu-"
  })
  void codeWhenItsSourceIsAssembledIsTheSame(
      String program, Abi abi, String prefix, @TempDir Path directory) throws Exception {
    Path source = Path.of("src/main/asm", program + "-" + abi.id() + ".S").toAbsolutePath();
    assumeTrue(Files.exists(source), "the sources are not here: these are copied classes");
    BusyboxHost.require(
        Files.isExecutable(Path.of("/usr/bin", prefix + "as")),
        prefix + "as is not installed: package binutils-" + prefix + "*");
    Path object = directory.resolve("t.o");
    Path code = directory.resolve("t.bin");
    run(prefix + "as", "-o", object.toString(), source.toString());
    run(prefix + "objcopy", "-O", "binary", "-j", ".text", object.toString(), code.toString());
    assertThat(Trampoline.code(abi, program)).isEqualTo(Files.readAllBytes(code));
  }

  private static void run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("%s: %s", String.join(" ", command), said).isZero();
  }
}

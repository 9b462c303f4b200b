package dev.cooper.linux;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.spi.ProcessSecurity;
import dev.cooper.spi.Rootfs;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A program of machine code that makes system calls one after the other and prints what the kernel
 * answered to each; for x86-64 only.
 */
final class SyscallProbe {
  private static final int HEADERS = 64 + 2 * 56;
  private static final int BASE = 0x400000;
  private static final int[][] ARGUMENTS = {
    {0x48, 0xbf}, {0x48, 0xbe}, {0x48, 0xba}, {0x49, 0xba}, {0x49, 0xb8}, {0x49, 0xb9}
  };

  private final ByteBuffer code = ByteBuffer.allocate(1 << 20).order(ByteOrder.LITTLE_ENDIAN);
  private final int mode;
  private int calls;

  SyscallProbe() {
    this(0755);
  }

  SyscallProbe(int mode) {
    this.mode = mode;
    code.position(HEADERS);
    bytes(0x48, 0x81, 0xec).putInt(1 << 16); // sub $65536,%rsp
  }

  /** Makes a call of the kernel's own 64-bit interface; arguments that are not given are -1. */
  SyscallProbe call(long number, long... arguments) {
    for (int i = 0; i < ARGUMENTS.length; i++) {
      bytes(ARGUMENTS[i]).putLong(i < arguments.length ? arguments[i] : -1); // movabs
    }
    bytes(0x48, 0xb8).putLong(number); // movabs to %rax
    bytes(0x0f, 0x05);
    return store();
  }

  /** Makes a call of the 32-bit interface, without arguments. */
  SyscallProbe call32(int number) {
    bytes(0xb8).putInt(number);
    bytes(0xcd, 0x80);
    return store();
  }

  private SyscallProbe store() {
    bytes(0x48, 0x89, 0x84, 0x24).putInt(8 * calls++); // mov %rax,calls*8(%rsp)
    return this;
  }

  private ByteBuffer bytes(int... values) {
    for (int value : values) {
      code.put((byte) value);
    }
    return code;
  }

  private byte[] program() {
    int own = code.position();
    bytes(0xb8, 1, 0, 0, 0, 0xbf, 1, 0, 0, 0); // write(1, %rsp, 8 * calls)
    bytes(0x48, 0x89, 0xe6, 0xba).putInt(8 * calls);
    bytes(0x0f, 0x05);
    bytes(0xb8, 231, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05); // exit_group(0)
    int end = code.position();
    code.position(0);
    bytes(0x7f, 'E', 'L', 'F', 2, 1, 1, 0).putLong(0).putShort((short) 2).putShort((short) 62);
    code.putInt(1).putLong(BASE + HEADERS).putLong(64).putLong(0).putInt(0);
    code.putShort((short) 64).putShort((short) 56).putShort((short) 2);
    code.putShort((short) 0).putShort((short) 0).putShort((short) 0);
    code.putInt(1).putInt(5).putLong(0).putLong(BASE).putLong(BASE); // PT_LOAD
    code.putLong(end).putLong(end).putLong(0x1000);
    code.putInt(0x6474e551).putInt(6); // PT_GNU_STACK
    byte[] all = new byte[end];
    code.position(0);
    code.get(all);
    code.position(own); // to be run again, or with more calls
    return all;
  }

  /** How it ends in a container. */
  int status(BusyboxHost host, ProcessSecurity security) throws IOException {
    return run(host, security, 0, new ByteArrayOutputStream()).status();
  }

  private Run run(BusyboxHost host, ProcessSecurity security, long user, OutputStream out)
      throws IOException {
    byte[] program = program();
    Path layer = host.layer(it -> it.file("probe", mode, program));
    try (Rootfs root = host.root(layer)) {
      return Runner.in(root).user(user, user).security(security).output(out).run("/probe");
    }
  }

  /** Runs it in a container; an errno is negative. */
  List<Long> run(BusyboxHost host, ProcessSecurity security, long user) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Run run = run(host, security, user, out);
    assertThat(run.status()).as("%s", run.err()).isZero();
    ByteBuffer answers = ByteBuffer.wrap(out.toByteArray()).order(ByteOrder.LITTLE_ENDIAN);
    List<Long> results = new ArrayList<>();
    while (answers.hasRemaining()) {
      results.add(answers.getLong());
    }
    assertThat(results).hasSize(calls);
    return results;
  }
}

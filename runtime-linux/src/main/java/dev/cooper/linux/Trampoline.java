package dev.cooper.linux;

import com.kenai.jffi.Function;
import com.kenai.jffi.Invoker;
import com.kenai.jffi.PageManager;
import com.kenai.jffi.Type;
import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.io.InputStream;

/**
 * A few hundred bytes of machine code that run programs of system calls without libc, on this
 * thread or in a task that shares this JVM's memory.
 *
 * <p>The JVM has many threads, so it can neither fork safely nor enter a user namespace; a child
 * that runs only this code can. The code lies in a page that is written and then made executable,
 * never both. Thread-safe.
 */
final class Trampoline {
  private static final Invoker INVOKER = Invoker.getInstance();
  private static final Function EXECUTE = load();

  private Trampoline() {}

  /** The machine code of the trampoline or of another program of ours. */
  static byte[] code(Abi abi, String program) {
    String name = program + "-" + abi.id() + ".bin";
    try (InputStream in = Trampoline.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new OperationException(
            "the resource "
                + name
                + " is missing from cooper-runtime-linux: its jar was repackaged without it");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new OperationException("cannot read the resource " + name, e);
    }
  }

  private static Function load() {
    byte[] code = code(Abi.CURRENT, "trampoline");
    PageManager pages = PageManager.getInstance();
    long page = pages.allocatePages(1, PageManager.PROT_READ | PageManager.PROT_WRITE);
    Memory.IO.putByteArray(page, code, 0, code.length);
    pages.protectPages(page, 1, PageManager.PROT_READ | PageManager.PROT_EXEC);
    return new Function(page, Type.POINTER, Type.POINTER);
  }

  /**
   * Runs a program on this thread; returns the row that it stopped at, which is its size if nothing
   * failed.
   */
  static int run(SyscallProgram program, int fromRow) {
    return program.rowAt(INVOKER.invokeLrL(EXECUTE, program.start(fromRow)));
  }

  /** Runs one call on this thread; returns its result, negative if it failed. */
  static long here(Sys call, long... arguments) {
    try (SyscallProgram program = new SyscallProgram(1, 64)) {
      program.tolerate(null, call, arguments);
      run(program, 0);
      return program.result(0);
    }
  }
}

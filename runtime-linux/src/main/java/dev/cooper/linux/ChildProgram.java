package dev.cooper.linux;

import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/** What a container's first process does between its clone and what it executes. */
interface ChildProgram extends AutoCloseable {
  SyscallProgram program();

  /** Which namespaces it is to be cloned into. */
  long namespaces();

  /**
   * Why the command was not executed, or null if it was.
   *
   * @param status as wait4 gave it
   * @param launcher asked for the errno that the launcher told, or 0
   */
  @Nullable RuntimeException failure(int status, IntSupplier launcher);

  @Override
  void close();
}

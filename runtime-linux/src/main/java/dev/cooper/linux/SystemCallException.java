package dev.cooper.linux;

import dev.cooper.oci.OperationException;
import jnr.constants.platform.Errno;
import org.jspecify.annotations.Nullable;

/** A system call that failed: which, on what, and the kernel's reason. */
final class SystemCallException extends OperationException {
  private static final long serialVersionUID = 1L;
  private final int errno;

  SystemCallException(String call, String subject, int errno) {
    this(call + " " + subject + ": " + reason(errno), errno, null);
  }

  private SystemCallException(String message, int errno, @Nullable Throwable cause) {
    super(message, cause);
    this.errno = errno;
  }

  /** The same failure with what was being done before it and a remedy after it. */
  SystemCallException during(String what, String remedy) {
    String told = what + ": " + getMessage() + (remedy.isEmpty() ? "" : ": " + remedy);
    return new SystemCallException(told, errno, this);
  }

  int errno() {
    return errno;
  }

  static String reason(int errno) {
    Errno known = Errno.valueOf(errno);
    return known.name() + " (" + known.description() + ")";
  }
}

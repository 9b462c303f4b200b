package dev.cooper.oci.registry;

import dev.cooper.oci.OperationException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A registry, or its token service, refused or could not be reached, and no further try is worth
 * it.
 *
 * <p>The message names the method, the URL without its query, the status, what the server said, and
 * which credentials were tried.
 */
public final class RegistryException extends OperationException {
  private static final long serialVersionUID = 1L;

  /** Of the last answer, or 0. */
  private final int status;

  /** The server's, with spaces between. */
  private final String codes;

  RegistryException(String message, int status, List<String> codes, @Nullable Throwable cause) {
    super(message, cause);
    this.status = status;
    this.codes = String.join(" ", codes);
  }

  /**
   * The HTTP status of the last answer.
   *
   * @return such as 404, or 0 if there was no answer
   */
  public int status() {
    return status;
  }

  /**
   * The server's own codes. Source: OCI distribution-spec, "Error Codes".
   *
   * @return such as {@code MANIFEST_UNKNOWN}; empty if it gave none
   */
  public List<String> codes() {
    return codes.isEmpty() ? List.of() : List.of(codes.split(" "));
  }

  /**
   * Whether the registry knows no such thing.
   *
   * @return true for status 404
   */
  public boolean isNotFound() {
    return status == 404;
  }
}

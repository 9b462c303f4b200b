package dev.cooper.oci.registry;

import dev.cooper.oci.ImageReference;
import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.util.List;

/**
 * Says where an image is read from: its registry, and mirrors before it.
 *
 * <p>Called by several threads at a time.
 */
@FunctionalInterface
public interface EndpointResolver {
  /** The registry that the reference names and no other; insecure only on this machine. */
  EndpointResolver DIRECT =
      reference ->
          List.of(
              new Endpoint(
                  reference.registry(),
                  reference.repository(),
                  Endpoint.isLoopback(reference.registry()),
                  false));

  /**
   * The places to ask, in this order.
   *
   * @param reference the image asked for
   * @return mirrors first, and last the one place that is no mirror
   * @throws IOException if the configuration can't be read
   * @throws OperationException if the configuration forbids the registry
   */
  List<Endpoint> endpoints(ImageReference reference) throws IOException;

  /**
   * The one place to write to.
   *
   * @param reference names the repository
   * @return no mirror; where nothing else is said, that of {@link #endpoints}
   * @throws IOException if the configuration can't be read
   * @throws OperationException if the configuration forbids the registry
   */
  default Endpoint destination(ImageReference reference) throws IOException {
    return endpoints(reference).stream()
        .filter(each -> !each.mirror())
        .findFirst()
        .orElseThrow(
            () -> new OperationException("no place but mirrors is configured for " + reference));
  }
}

package dev.cooper.oci.registry;

import dev.cooper.oci.ImageReference;
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
   * @return mirrors first, and last the one place that is no mirror, to which alone is written
   * @throws IOException if the configuration can't be read
   * @throws dev.cooper.oci.OperationException if the configuration forbids the registry
   */
  List<Endpoint> endpoints(ImageReference reference) throws IOException;
}

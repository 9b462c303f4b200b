package dev.cooper.linux;

import dev.cooper.oci.OperationException;
import dev.cooper.spi.ContainerRuntime;
import dev.cooper.spi.RuntimeOptions;
import dev.cooper.spi.RuntimeProvider;

/** The runtime for Linux, as the service loader finds it. */
public final class LinuxRuntimeProvider implements RuntimeProvider {
  /** For the service loader. */
  public LinuxRuntimeProvider() {}

  @Override
  public ContainerRuntime open(RuntimeOptions options) {
    if (options.isolation() == RuntimeOptions.Isolation.OCI) {
      throw new OperationException(
          "isolation oci is not known here: use namespaces, chroot or none");
    }
    return new LinuxRuntime(options);
  }
}

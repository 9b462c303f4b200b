package dev.cooper.linux;

import dev.cooper.spi.ContainerRuntime;
import dev.cooper.spi.RuntimeProvider;

/** The runtime for Linux, as the service loader finds it. */
public final class LinuxRuntimeProvider implements RuntimeProvider {
  /** For the service loader. */
  public LinuxRuntimeProvider() {}

  @Override
  public ContainerRuntime open() {
    return new LinuxRuntime();
  }
}

package dev.cooper.linux;

import dev.cooper.oci.OperationException;
import dev.cooper.spi.ContainerRuntime;
import dev.cooper.spi.HostFinding;
import dev.cooper.spi.RuntimeOptions;
import dev.cooper.spi.RuntimeProvider;
import java.nio.file.Path;
import java.util.List;

/** The runtime for Linux, as the service loader finds it. */
public final class LinuxRuntimeProvider implements RuntimeProvider {
  /** For the service loader. */
  public LinuxRuntimeProvider() {}

  @Override
  public ContainerRuntime open(RuntimeOptions options) {
    return new LinuxRuntime(options);
  }

  @Override
  public List<HostFinding> probe(RuntimeOptions options, Path directory) {
    try {
      NativeLibrary.load();
      return new HostProbe(options, directory).findings();
    } catch (OperationException e) {
      return List.of(new HostFinding("commands", false, String.valueOf(e.getMessage())));
    } catch (LinkageError e) { // another processor
      Throwable cause = e.getCause() != null ? e.getCause() : e;
      return List.of(new HostFinding("commands", false, String.valueOf(cause.getMessage())));
    }
  }
}

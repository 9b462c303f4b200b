package dev.cooper.host;

import dev.cooper.error.ContainerStateException;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layer.EntrySink;
import dev.cooper.spi.ContainerRuntime;
import dev.cooper.spi.RuntimeOptions;
import dev.cooper.spi.RuntimeProvider;
import dev.cooper.spi.SizeSink;
import dev.cooper.spi.TreeFilter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ServiceLoader;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What runs commands, opened when it is first needed, and what stands in for it where there is
 * none. Thread-safe.
 */
public final class HostRuntime implements AutoCloseable {
  public static final String MISSING =
      "nothing here can run a command in a container: on Linux, add dev.cooper:cooper-runtime-linux to the dependencies; elsewhere build without run";

  /** What a call on a closed {@code Cooper} says. */
  public static final String CLOSED = "this Cooper is closed: build another with Cooper.builder()";

  private final RuntimeOptions options;
  private @Nullable ContainerRuntime runtime;
  private boolean closed;

  public HostRuntime(RuntimeOptions options) {
    this.options = options;
  }

  /** What opens runtimes; there is none but on Linux. */
  public static @Nullable RuntimeProvider provider() {
    return System.getProperty("os.name", "").equals("Linux")
        ? ServiceLoader.load(RuntimeProvider.class, RuntimeProvider.class.getClassLoader())
            .findFirst()
            .orElse(null)
        : null;
  }

  /** What runs commands; an error where there is none. */
  public synchronized ContainerRuntime get() {
    ContainerRuntime known = find();
    if (known == null) {
      throw new OperationException(MISSING);
    }
    return known;
  }

  /** What runs commands, or null where there is none. */
  public synchronized @Nullable ContainerRuntime find() {
    if (closed) {
      throw new ContainerStateException(CLOSED);
    }
    if (runtime == null) {
      RuntimeProvider provider = provider();
      runtime = provider == null ? null : provider.open(options);
    }
    return runtime;
  }

  /** Gets ready what the first command will need. */
  public void prepare() {
    ContainerRuntime known = find();
    if (known != null) {
      known.prepare();
    }
  }

  /**
   * What reads the host's files: the runtime, which sees their bytes as they are, or the JDK's own
   * file system.
   */
  public HostTree host() {
    ContainerRuntime known = find();
    return known != null ? known::readHost : PortableTree::read;
  }

  /** Measures a directory, with what the runtime or else the JDK knows of it. */
  public void measure(Path directory, int depth, SizeSink sink) throws IOException {
    ContainerRuntime known = find();
    if (known != null) {
      known.measure(directory, depth, sink);
    } else {
      PortableSizes.measure(directory, depth, sink);
    }
  }

  /** Reads trees of the host. */
  public interface HostTree {
    void readHost(Path path, TreeFilter filter, EntrySink sink, Consumer<String> notices)
        throws IOException;
  }

  @Override
  public synchronized void close() {
    closed = true;
    if (runtime != null) {
      runtime.close();
    }
  }
}

package dev.cooper.linux;

import dev.cooper.command.Network;
import dev.cooper.command.Resources;
import dev.cooper.spi.Cancellation;
import dev.cooper.spi.ProcessEnd;
import dev.cooper.spi.ProcessIo;
import dev.cooper.spi.ProcessMount;
import dev.cooper.spi.ProcessSecurity;
import dev.cooper.spi.ProcessSpec;
import dev.cooper.spi.Rootfs;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Runs one process in a root: root's, without network, with busybox in its PATH, unless told. */
final class Runner {
  final Cancellation cancellation = new Cancellation();
  private final Rootfs root;
  private final List<ProcessMount> mounts = new ArrayList<>();
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private OutputStream outTo = out;
  private @Nullable InputStream in;
  private @Nullable Duration timeout;
  private Map<String, String> environment = Map.of("PATH", "/bin");
  private String workdir = "/";
  private long uid;
  private long gid;
  private List<Long> groups = List.of();
  private Network network = Network.NONE;
  private ProcessSecurity security = ProcessSecurity.DEFAULT;
  private Resources resources = Resources.UNLIMITED;

  private Runner(Rootfs root) {
    this.root = root;
  }

  static Runner in(Rootfs root) {
    return new Runner(root);
  }

  Runner user(long user, long group, Long... supplementary) {
    uid = user;
    gid = group;
    groups = List.of(supplementary);
    return this;
  }

  Runner environment(Map<String, String> variables) {
    environment = variables;
    return this;
  }

  Runner workdir(String path) {
    workdir = path;
    return this;
  }

  Runner hostNetwork() {
    return network(Network.HOST);
  }

  Runner network(Network seen) {
    network = seen;
    return this;
  }

  Runner security(ProcessSecurity allowed) {
    security = allowed;
    return this;
  }

  Runner resources(Resources limits) {
    resources = limits;
    return this;
  }

  Runner mount(ProcessMount mount) {
    mounts.add(mount);
    return this;
  }

  Runner input(InputStream stream) {
    in = stream;
    return this;
  }

  Runner output(OutputStream stream) {
    outTo = stream;
    return this;
  }

  Runner timeout(Duration limit) {
    timeout = limit;
    return this;
  }

  Run sh(String script) {
    return run("sh", "-c", script);
  }

  Run run(String... command) {
    ProcessSpec spec =
        new ProcessSpec(
            List.of(command),
            environment,
            workdir,
            uid,
            gid,
            groups,
            "box",
            network,
            mounts,
            security,
            resources);
    ProcessEnd end = root.run(spec, new ProcessIo(in, outTo, err, timeout, cancellation));
    return new Run(end, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }
}

package dev.cooper.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.spi.Rootfs;
import dev.cooper.spi.RuntimeOptions;
import dev.cooper.spi.TreeFilter;
import dev.cooper.spi.TreeOutput;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A runtime, a base layer of busybox, and directories to try them in, for one class of tests.
 *
 * <pre>
 * a directory of ours, in java.io.tmpdir
 * ├── base          bin/busybox and a link for each applet, etc/passwd, etc/group, home, root, tmp, usr, var
 * └── 1, 2, 3 …     one for each {@link #directory}; gone after each test
 * </pre>
 *
 * <p>Its files may be owned by subordinate ids, so the runtime removes them: JUnit's own temporary
 * directories would fail there.
 */
final class BusyboxHost
    implements BeforeAllCallback, AfterEachCallback, AfterAllCallback, AutoCloseable {
  private static final Path BUSYBOX = Path.of("/bin/busybox");
  private static final String PASSWD =
      "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home:/bin/sh\n";
  private static final String GROUP = "root:x:0:\napp:x:1000:\nextra:x:2000:app\n";

  final List<String> notices = new CopyOnWriteArrayList<>();
  private final AtomicInteger number = new AtomicInteger();
  private final List<Rootfs> mounted = new CopyOnWriteArrayList<>();
  private final Supplier<LinuxRuntime> opened;
  private final boolean needsRoot;
  private LinuxRuntime runtime;
  private Path place = Path.of("");

  BusyboxHost() {
    this(() -> new LinuxRuntime(RuntimeOptions.DEFAULT));
  }

  /** With a runtime of the test's own. */
  BusyboxHost(Supplier<LinuxRuntime> opened) {
    this(opened, false);
  }

  /** With one that only root can have: else the tests are skipped. */
  BusyboxHost(Supplier<LinuxRuntime> opened, boolean needsRoot) {
    this.opened = opened;
    this.needsRoot = needsRoot;
    this.runtime = opened.get();
  }

  /** Where no overlay can be mounted. */
  static BusyboxHost copying() {
    return new BusyboxHost(
        () ->
            new LinuxRuntime(
                RuntimeOptions.DEFAULT, (keeper, lane, directory) -> "the test says so"));
  }

  @Override
  public void beforeAll(ExtensionContext context) throws IOException {
    open();
  }

  /** Makes the base; what {@link #beforeAll} does, for programs that are no test. */
  BusyboxHost open() throws IOException {
    require(Files.isExecutable(BUSYBOX), "busybox-static is not installed as " + BUSYBOX);
    assumeTrue(!needsRoot || Trampoline.here(Sys.GETEUID) == 0, "only root can change the root");
    place = Files.createTempDirectory("cooper-it").toRealPath();
    runtime = opened.get();
    Files.createDirectory(base());
    try (TreeOutput output = runtime.unpack(base(), notices::add)) {
      Layer layer = new Layer(output);
      for (String name : List.of("bin", "etc", "home", "root", "usr", "usr/share", "var")) {
        layer.directory(name);
      }
      layer.put(TarEntry.directory(ByteString.utf8("tmp"), 01777));
      layer.file("bin/busybox", 0755, Files.readAllBytes(BUSYBOX));
      for (String applet : applets()) {
        layer.symlink("bin/" + applet, "busybox");
      }
      layer.file("etc/passwd", PASSWD).file("etc/group", GROUP);
      layer.file("usr/share/doc", "a lower file\n");
      output.finish();
    }
    return this;
  }

  /** A test's need: lacking, it is skipped at home and fails in CI. */
  static void require(boolean met, String lacking) {
    if ("true".equals(System.getenv("CI"))) {
      assertThat(met).as(lacking).isTrue();
    }
    assumeTrue(met, lacking);
  }

  private static List<String> applets() throws IOException {
    Process list = new ProcessBuilder(BUSYBOX.toString(), "--list").start();
    list.getOutputStream().close();
    String names = new String(list.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return names.lines().filter(name -> !name.equals("busybox")).toList();
  }

  @Override
  public void afterEach(ExtensionContext context) throws IOException {
    mounted.forEach(Rootfs::close);
    mounted.clear();
    try (var children = Files.list(place)) {
      children.filter(child -> !child.equals(base())).forEach(runtime::delete);
    }
    notices.clear();
  }

  @Override
  public void afterAll(ExtensionContext context) {
    close();
  }

  @Override
  public void close() {
    if (!place.toString().isEmpty()) {
      runtime.delete(place);
    }
    runtime.close();
  }

  LinuxRuntime runtime() {
    return runtime;
  }

  Path base() {
    return place.resolve("base");
  }

  boolean rootless() {
    return runtime.keeper().rootless();
  }

  /** A new, empty directory. */
  Path directory() throws IOException {
    return Files.createDirectory(place.resolve(Integer.toString(number.incrementAndGet())));
  }

  /** A new layer with entries. */
  Path layer(Layer.Content content) throws IOException {
    Path directory = directory();
    unpack(directory, content);
    return directory;
  }

  /** Unpacks entries into a directory as a layer. */
  void unpack(Path directory, Layer.Content content) throws IOException {
    try (TreeOutput output = runtime.unpack(directory, notices::add)) {
      content.write(new Layer(output));
      output.finish();
    }
  }

  /** A root of the base and further layers above it; closed after the test. */
  Rootfs root(Path... above) throws IOException {
    List<Path> layers = new ArrayList<>(List.of(base()));
    layers.addAll(List.of(above));
    return mount(layers, directory());
  }

  Rootfs mount(List<Path> layers, Path directory) {
    Rootfs root = runtime.mount(layers, directory, notices::add);
    mounted.add(root);
    return root;
  }

  /** Runs a script of busybox's shell as root and requires that it succeeds; returns its output. */
  static String sh(Rootfs root, String script) {
    Run run = Runner.in(root).sh(script);
    assertThat(run.status()).as("%s", run).isZero();
    return run.out();
  }

  static RecordedEntries diff(Rootfs root) throws IOException {
    RecordedEntries entries = new RecordedEntries();
    root.diff(entries);
    return entries;
  }

  /**
   * What a layer's directory holds, read back by the keeper with its rights, as the merged tree of
   * a root.
   */
  RecordedEntries tree(Path layer) throws IOException {
    RecordedEntries entries = new RecordedEntries();
    try (Rootfs root = runtime.mount(List.of(layer), directory(), notices::add)) {
      root.readTree(ByteString.EMPTY, TreeFilter.ALL, entries);
    }
    return entries;
  }
}

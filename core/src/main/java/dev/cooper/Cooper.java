package dev.cooper;

import dev.cooper.oci.Descriptor;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.ImageLimits;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Index;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.Platform;
import dev.cooper.oci.layer.EntrySink;
import dev.cooper.oci.registry.RegistryClient;
import dev.cooper.oci.registry.TransferEvent;
import dev.cooper.spi.ContainerRuntime;
import dev.cooper.spi.RootView;
import dev.cooper.spi.Rootfs;
import dev.cooper.spi.RuntimeOptions;
import dev.cooper.spi.RuntimeProvider;
import dev.cooper.spi.SizeSink;
import dev.cooper.spi.TreeFilter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A store of images and working containers, and what runs commands in them.
 *
 * <p>Thread-safe; several may be open on one store, in one JVM or many. Closing it closes its
 * containers and ends their processes.
 */
public final class Cooper implements AutoCloseable {
  static final String NO_RUNTIME =
      "nothing here can run a command in a container: on Linux, add dev.cooper:cooper-runtime-linux to the dependencies; elsewhere build without run";
  private static final String DOCKER = "docker://";
  private static @Nullable Cooper shared;

  private final Store store;
  private final BuildListener listener;
  private final Clock clock;
  private final @Nullable Instant sourceDate;
  private final LayerTrees trees;
  private final Registries registries;
  private final RuntimeOptions runtimeOptions;
  private final RunDefaults runs;
  private final Set<ContainerFiles> open = ConcurrentHashMap.newKeySet();
  private @Nullable ContainerRuntime runtime;
  private volatile boolean closed;
  private boolean ended;

  Cooper(
      Path directory,
      BuildListener listener,
      Clock clock,
      @Nullable Instant sourceDate,
      ImageLimits limits,
      RegistrySettings registries,
      RunDefaults runs,
      RuntimeOptions runtimeOptions) {
    this.runtimeOptions = runtimeOptions;
    this.runs = runs;
    this.listener = listener;
    this.clock = clock;
    this.sourceDate = sourceDate;
    Background.begin("runtime", this::prepareRuntime);
    this.store =
        io(
            "cannot open the store " + directory,
            () -> Store.open(directory, clock, limits, this::runtime));
    this.trees = new LayerTrees(store);
    this.registries = new Registries(this, registries);
  }

  /**
   * Settings to open a store with.
   *
   * @return the defaults, to be changed
   */
  public static CooperBuilder builder() {
    return new CooperBuilder();
  }

  /**
   * Looks at what this host can do, as a doctor would: what Cooper needs of it, and which
   * isolations work here. Opens no store, and leaves nothing behind.
   *
   * @return to be printed: a line for each finding, with a remedy for what is missing
   */
  public static HostReport probe() {
    return builder().probe();
  }

  /** The one that {@link Builder} uses, closed when the JVM ends. */
  static synchronized Cooper shared() {
    Cooper known = shared;
    if (known == null || known.closed) {
      known = builder().build();
      shared = known;
      Runtime.getRuntime().addShutdownHook(new Thread(known::close, "cooper-close"));
    }
    return known;
  }

  // --- beginning

  /**
   * Begins from an image.
   *
   * @param image {@code scratch}; a reference such as {@code debian:12}, which is pulled if the
   *     store lacks it, or an id of the store; or a place: {@code docker://REFERENCE}, {@code
   *     docker-daemon:NAME}, {@code oci:DIRECTORY[:NAME]}, {@code oci-archive:FILE}, {@code
   *     docker-archive:FILE} or {@code rootfs:TARBALL-OR-DIRECTORY}
   * @return a container of the caller's own
   * @throws dev.cooper.oci.registry.RegistryException if no registry gives it
   * @throws ImageNotFoundException if there is none, and pulling is not allowed
   */
  public WorkingContainer from(String image) {
    if (image.equals("scratch")) {
      return scratch();
    }
    int colon = image.indexOf(':');
    String place = colon < 0 ? "" : image.substring(0, colon);
    String rest = image.substring(colon + 1);
    return switch (place) {
      case "oci", "oci-archive", "docker-archive", "docker-daemon" -> from(brought(image));
      case "rootfs" -> from(importRoot(Path.of(rest)));
      default -> {
        registries.prepare(image);
        yield from(pull(image));
      }
    };
  }

  private Image brought(String place) {
    return io(
        "cannot get " + place,
        () ->
            new Image(
                this,
                new ImageCopy(this, registries, CopyImageOptions.DEFAULT)
                    .bring(ImagePlace.parse(place), null)));
  }

  /**
   * Begins from a file or directory of the host.
   *
   * @param path an OCI layout, an OCI or Docker archive, a root filesystem's tarball (plain or
   *     compressed) or directory
   * @return a container of the caller's own
   */
  public WorkingContainer from(Path path) {
    return from(
        ImagePlaces.isImage(path, store.limits())
            ? ImagePlaces.only(this, path, null)
            : importRoot(path));
  }

  /**
   * Begins from an image that was built or found before.
   *
   * @param image of this store
   * @return a container of the caller's own
   */
  public WorkingContainer from(Image image) {
    return begin(image.stored());
  }

  /**
   * Begins with nothing.
   *
   * @return a container of the caller's own, with an empty root
   */
  public WorkingContainer scratch() {
    return begin(null);
  }

  private WorkingContainer begin(@Nullable StoredImage base) {
    requireOpen();
    ImageConfig config = base == null ? ImageConfig.of(Platform.current()) : base.config();
    // What a Dockerfile beginning from the base would run was the base's to say; the new image says
    // its own.
    Draft draft = new Draft(config.withConfig(config.config().withOnBuild(List.of())), clock);
    return io(
        "cannot begin a working container",
        () -> {
          ContainerFiles files =
              new ContainerFiles(this, store.containers().create(base, null), base, draft);
          opened(files);
          if (base != null) {
            store.images().used(base.descriptor().digest());
          }
          return new WorkingContainer(files);
        });
  }

  // --- containers

  /**
   * The working containers of the store, of this JVM and others.
   *
   * @return in no order
   */
  public List<ContainerInfo> containers() {
    requireOpen();
    return io(
        "cannot list the working containers",
        () ->
            store.containers().list().stream()
                .map(
                    entry ->
                        new ContainerInfo(
                            entry.id(),
                            entry.name(),
                            entry.image() == null ? null : entry.image().toString()))
                .toList());
  }

  /**
   * Opens a working container that was named, here or in another JVM, and closed since.
   *
   * @param name its name
   * @return the container as it was
   * @throws ContainerNotFoundException if there is none
   * @throws OperationException if it is open elsewhere
   */
  public WorkingContainer container(String name) {
    requireOpen();
    return io(
        "cannot open container " + name,
        () -> {
          Containers.Owned owned = store.containers().open(name);
          if (owned == null) {
            throw new ContainerNotFoundException(
                "no working container is named " + name + " in the store " + store.directory());
          }
          ContainerFiles files = ContainerRecord.read(this, owned);
          opened(files);
          return new WorkingContainer(files);
        });
  }

  // --- images

  /**
   * Finds an image of the store.
   *
   * @param nameOrId a reference such as {@code app:1.0}, or the beginning of an id
   * @return the image
   * @throws ImageNotFoundException if there is none
   */
  public Image image(String nameOrId) {
    return findImage(nameOrId)
        .orElseThrow(() -> notFound(nameOrId, "pull or load one, or begin from a file", null));
  }

  /**
   * Finds an image of the store, if it is there.
   *
   * @param nameOrId a reference such as {@code app:1.0}, or the beginning of an id
   * @return the image
   */
  public Optional<Image> findImage(String nameOrId) {
    requireOpen();
    return io("cannot read the store", () -> store.find(nameOrId))
        .map(image -> new Image(this, image));
  }

  /**
   * Brings an image from a registry into the store, unless it is there.
   *
   * @param image a reference such as {@code debian:12} or {@code
   *     registry.example.com/app@sha256:…}, with or without {@code docker://} before it
   * @return the image, called by the whole name
   * @throws dev.cooper.oci.registry.RegistryException if no registry gives it
   * @throws dev.cooper.oci.ContentException if what a registry gives is not what was asked for
   */
  public Image pull(String image) {
    return pull(image, PullOptions.DEFAULT);
  }

  /**
   * Brings an image from a registry into the store.
   *
   * <p>What is there is not read again, and what several threads and JVMs pull at a time is read
   * once. An interrupt of the thread ends it.
   *
   * @param image as in {@link #pull(String)}
   * @param options when a registry is asked, for which platform, and whether it is unpacked
   * @return the image, called by the whole name
   * @throws dev.cooper.oci.registry.RegistryException if no registry gives it
   * @throws dev.cooper.oci.ContentException if what a registry gives is not what was asked for
   * @throws ImageNotFoundException if there is none, and pulling is not allowed
   */
  public Image pull(String image, PullOptions options) {
    requireOpen();
    String name = image.startsWith(DOCKER) ? image.substring(DOCKER.length()) : image;
    return io(
        "cannot pull " + name,
        () -> new Image(this, registries.pull(name, options, this::runtime)));
  }

  /**
   * Copies an image from one place to another, as {@code skopeo copy} does.
   *
   * <p>A place is {@code docker://REFERENCE} in a registry, {@code oci:DIRECTORY[:NAME]}, {@code
   * oci-archive:FILE[:NAME]}, {@code docker-archive:FILE[:NAME]}, {@code docker-daemon:NAME} behind
   * the socket that {@code $DOCKER_HOST} names, or else an image of the store. Blobs stay as they
   * are where the target can hold them so.
   *
   * @param from where it is
   * @param to where it shall be; a layout may be there and is added to
   * @param options which part of an index
   * @throws dev.cooper.oci.OperationException if a place refuses it, or has none
   */
  public void copy(String from, String to, CopyImageOptions options) {
    requireOpen();
    io(
        "cannot copy " + from + " to " + to,
        () -> {
          new ImageCopy(this, registries, options)
              .copy(ImagePlace.parse(from), ImagePlace.parse(to));
          return true;
        });
  }

  /**
   * Sends images of several platforms to a registry as one index, as {@code buildah manifest push}
   * does.
   *
   * @param images of this store, each for another platform
   * @param reference where to, with a tag
   * @param options how layers are compressed
   * @return the index there
   * @throws dev.cooper.oci.registry.RegistryException if the registry refuses it
   */
  public Descriptor pushIndex(List<Image> images, String reference, PushOptions options) {
    return pushIndex(images, reference, options, UnaryOperator.identity());
  }

  /**
   * Sends images of several platforms to a registry as one index, edited before, as {@code buildah
   * manifest annotate} does.
   *
   * @param images of this store, each for another platform
   * @param reference where to, with a tag
   * @param options how layers are compressed
   * @param edit gets the index with each image's platform, and gives the one that is sent
   * @return the index there
   * @throws dev.cooper.oci.registry.RegistryException if the registry refuses it
   */
  public Descriptor pushIndex(
      List<Image> images, String reference, PushOptions options, UnaryOperator<Index> edit) {
    requireOpen();
    return io(
        "cannot push " + reference,
        () ->
            registries.push(
                images.stream().map(Image::stored).toList(),
                ImageReference.parse(reference),
                options,
                edit));
  }

  /**
   * What speaks to registries for this one, with its settings: to look at what is there, list and
   * delete.
   *
   * @return closed with this
   */
  public RegistryClient registry() {
    requireOpen();
    return io("cannot read the settings for registries", registries::client);
  }

  /** Tells which registry is likely to be spoken to soon. */
  void prepare(String name) {
    registries.prepare(name);
  }

  Descriptor push(StoredImage image, ImageReference target, PushOptions options) {
    requireOpen();
    return io("cannot push " + target, () -> registries.push(image, target, options));
  }

  ImageNotFoundException notFound(String name, String remedy, @Nullable Throwable cause) {
    return new ImageNotFoundException(
        "no image is called \""
            + name
            + "\" in the store "
            + store.directory()
            + ": it holds "
            + names()
            + "; "
            + remedy,
        cause);
  }

  private String names() {
    List<String> names = new ArrayList<>();
    images().forEach(image -> names.addAll(image.names()));
    return names.isEmpty() ? "no named image" : String.join(", ", names);
  }

  /**
   * The images of the store.
   *
   * @return in no order
   */
  public List<Image> images() {
    requireOpen();
    return io(
        "cannot read the store",
        () -> store.list().stream().map(image -> new Image(this, image)).toList());
  }

  /**
   * Brings the images of a layout or an archive into the store, with their names.
   *
   * @param path an OCI layout's directory, an OCI archive, or what {@code docker save} wrote
   * @return the images
   * @throws dev.cooper.oci.ContentException if it is damaged, or no image
   */
  public List<Image> load(Path path) {
    return load(path, false);
  }

  /**
   * Brings images into the store and, in the same pass, unpacks them, so that a command can run in
   * them at once.
   *
   * @param path an OCI layout's directory, an OCI archive, or what {@code docker save} wrote
   * @return the images
   * @throws dev.cooper.oci.ContentException if it is damaged, or no image
   */
  public List<Image> loadAndUnpack(Path path) {
    return load(path, true);
  }

  private List<Image> load(Path path, boolean unpack) {
    requireOpen();
    return io(
        "cannot load " + path,
        () ->
            new ImageImport(store, unpack ? runtime() : null, this::notice)
                .all(path, Platform.current()).stream()
                    .map(image -> new Image(this, image))
                    .toList());
  }

  /**
   * Makes an image of a root filesystem.
   *
   * @param path a tarball, plain or as gz, bz2, xz or zst, or a directory
   * @return the image, without a name
   */
  public Image importRoot(Path path) {
    requireOpen();
    return io("cannot make an image of " + path, () -> new Image(this, root(path)));
  }

  private StoredImage root(Path path) throws IOException {
    requireNamed(path);
    RootfsImport imported = new RootfsImport(store, Platform.current(), now());
    return Files.isDirectory(path)
        ? imported.directory(path, optionalRuntime(), this::notice, null)
        : imported.tarball(path, null);
  }

  /** An empty path is the working directory, which nobody means who says nothing. */
  static void requireNamed(Path path) {
    if (path.toString().isEmpty()) {
      throw new IllegalArgumentException("found an empty path: say \".\" for this directory");
    }
  }

  void transferred(TransferEvent event) {
    synchronized (registries) {
      listener.on(new BuildEvent.Transferred("registry", event));
    }
  }

  void notice(String message) {
    listener.on(new BuildEvent.Notice("store", message));
  }

  /**
   * Writes images into one archive or layout.
   *
   * @param images of this store
   * @param path a file or directory that is not there yet
   * @param options the format and compression
   */
  public void save(List<Image> images, Path path, SaveOptions options) {
    requireOpen();
    io(
        "cannot save to " + path,
        () -> {
          new ImageSaver(store, options).save(images, path);
          return true;
        });
  }

  /**
   * Looks after the store: whether it is sound, what takes its space, and what may go.
   *
   * @return of use as long as this is open
   */
  public StoreMaintenance maintenance() {
    return new StoreMaintenance(this);
  }

  // --- inside

  Store store() {
    return store;
  }

  Clock clock() {
    return clock;
  }

  LayerTrees trees() {
    return trees;
  }

  BuildListener listener() {
    return listener;
  }

  RunDefaults runs() {
    return runs;
  }

  @Nullable Instant sourceDate() {
    return sourceDate;
  }

  /** The time in whole seconds: what is recorded is never finer. */
  Instant now() {
    return sourceDate != null
        ? sourceDate
        : Instant.ofEpochSecond(clock.instant().getEpochSecond());
  }

  /** The tree of an image without unpacking it. */
  RootView view(@Nullable StoredImage image) {
    return image == null
        ? EmptyView.INSTANCE
        : io("cannot read the layers of " + image.label(), () -> ImageView.open(store, image));
  }

  /** What runs commands; there is none but on Linux. */
  synchronized ContainerRuntime runtime() {
    ContainerRuntime known = optionalRuntime();
    if (known == null) {
      throw new OperationException(NO_RUNTIME);
    }
    return known;
  }

  private void prepareRuntime() {
    ContainerRuntime known = optionalRuntime();
    if (known != null) {
      known.prepare();
    }
  }

  /** While it closes there still is one: what belongs to others' ids only that can remove. */
  private synchronized @Nullable ContainerRuntime optionalRuntime() {
    if (ended) {
      requireOpen();
    }
    if (runtime == null) {
      RuntimeProvider provider = provider();
      runtime = provider == null ? null : provider.open(runtimeOptions);
    }
    return runtime;
  }

  /** What opens runtimes; there is none but on Linux. */
  static @Nullable RuntimeProvider provider() {
    return System.getProperty("os.name", "").equals("Linux")
        ? ServiceLoader.load(RuntimeProvider.class, RuntimeProvider.class.getClassLoader())
            .findFirst()
            .orElse(null)
        : null;
  }

  /**
   * What reads the host's files: the runtime, which sees their bytes as they are, or the JDK's own
   * file system.
   */
  HostTree host() {
    ContainerRuntime known = optionalRuntime();
    return known != null ? known::readHost : PortableTree::read;
  }

  /** Measures a directory, with what the runtime or else the JDK knows of it. */
  void measure(Path directory, int depth, SizeSink sink) throws IOException {
    ContainerRuntime known = optionalRuntime();
    if (known != null) {
      known.measure(directory, depth, sink);
    } else {
      PortableSizes.measure(directory, depth, sink);
    }
  }

  /** Reads trees of the host. */
  interface HostTree {
    void readHost(Path path, TreeFilter filter, EntrySink sink, Consumer<String> notices)
        throws IOException;
  }

  /** The roots of its containers that are mounted now. */
  List<Rootfs> mounted() {
    List<Rootfs> mounted = new ArrayList<>();
    open.forEach(files -> files.mountedNow().ifPresent(mounted::add));
    return mounted;
  }

  /** Whoever closes this closes what is open then, and what is opened later closes itself. */
  private void opened(ContainerFiles files) {
    open.add(files);
    if (closed && open.remove(files)) {
      files.close();
      requireOpen();
    }
  }

  void closed(ContainerFiles files) {
    open.remove(files);
  }

  void requireOpen() {
    if (closed) {
      throw new ContainerStateException(
          "this Cooper is closed: build another with Cooper.builder()");
    }
  }

  /** Something that can fail reading or writing. */
  interface Io<T extends @Nullable Object> {
    T run() throws IOException;
  }

  /** Runs it; a failure says what was being done. */
  static <T extends @Nullable Object> T io(String what, Io<T> body) {
    try {
      return body.run();
    } catch (IOException e) {
      throw new OperationException(
          what + ": " + reason(e) + (FullDisk.isCause(e) ? FullDisk.REMEDY : ""), e);
    } catch (UncheckedIOException e) {
      throw new OperationException(what + ": " + e.getMessage(), e);
    }
  }

  private static String reason(IOException e) {
    return e.getClass() == IOException.class ? String.valueOf(e.getMessage()) : e.toString();
  }

  /** Closes its containers, removing those without a name, and ends every process. */
  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    List<Runnable> closing = new ArrayList<>();
    for (ContainerFiles files : List.copyOf(open)) {
      if (open.remove(files)) {
        closing.add(files::close);
      }
    }
    closing.add(this::closeStore);
    EachOf.run(closing);
  }

  private void closeStore() {
    EachOf.run(
        registries::close,
        () ->
            io(
                "cannot close the store",
                () -> {
                  store.close();
                  return true;
                }),
        this::closeRuntime);
  }

  private synchronized void closeRuntime() {
    ended = true;
    if (runtime != null) {
      runtime.close();
    }
  }
}

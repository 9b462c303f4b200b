package dev.cooper;

import dev.cooper.oci.Descriptor;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.ImageLimits;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Platform;
import dev.cooper.oci.registry.TransferEvent;
import dev.cooper.spi.RootView;
import dev.cooper.spi.Rootfs;
import dev.cooper.spi.RuntimeOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What lies behind a {@link Cooper}, and what all that it made share: the store, what runs
 * commands, what speaks to registries, and the containers that are open. Thread-safe.
 */
final class Session implements AutoCloseable {
  private final Store store;
  private final EventChannel events;
  private final Clock clock;
  private final @Nullable Instant sourceDate;
  private final LayerTrees trees;
  private final Registries registries;
  private final HostRuntime runtime;
  private final RunDefaults runs;
  private final Set<ContainerFiles> open = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /** How one is opened, as {@link CooperBuilder} says. */
  record Settings(
      Path store,
      BuildListener listener,
      Clock clock,
      @Nullable Instant sourceDate,
      ImageLimits limits,
      RegistrySettings registries,
      RunDefaults runs,
      RuntimeOptions runtime) {}

  Session(Settings settings) {
    runs = settings.runs;
    events = new EventChannel(settings.listener, this::isClosed);
    clock = settings.clock;
    sourceDate = settings.sourceDate;
    runtime = new HostRuntime(settings.runtime);
    Background.begin("runtime", runtime::prepare);
    store =
        Io.run(
            "cannot open the store " + settings.store,
            () ->
                Store.open(settings.store, clock, settings.limits, settings.runtime, runtime::get));
    store.tell(new Progress(events::tell, System::nanoTime));
    trees = new LayerTrees(store);
    registries = new Registries(this, settings.registries);
  }

  Store store() {
    return store;
  }

  LayerTrees trees() {
    return trees;
  }

  Registries registries() {
    return registries;
  }

  HostRuntime runtime() {
    return runtime;
  }

  Clock clock() {
    return clock;
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

  // --- telling

  /** What tells the listener. */
  EventChannel events() {
    return events;
  }

  void transferred(TransferEvent event) {
    events.tellHere(new BuildEvent.Transferred("registry", event), () -> true);
  }

  void notice(String message) {
    events.tell(new BuildEvent.Notice("store", message));
  }

  // --- images

  /**
   * An image of the store.
   *
   * @param platform of a name, null for this machine's
   */
  StoredImage image(String nameOrId, @Nullable Platform platform) {
    requireOpen();
    return Io.run("cannot read the store", () -> store.find(nameOrId, platform))
        .orElseThrow(
            () -> notFound(nameOrId, platform, "pull or load one, or begin from a file", null));
  }

  List<StoredImage> images() {
    requireOpen();
    return Io.run("cannot read the store", store::list);
  }

  ImageNotFoundException notFound(
      String name, @Nullable Platform platform, String remedy, @Nullable Throwable cause) {
    String others = otherPlatforms(name, platform);
    if (others != null) {
      return new ImageNotFoundException(others + "; " + remedy, cause);
    }
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

  /** Says for which other platforms the store has an image of a name; null if for none. */
  @Nullable String otherPlatforms(String name, @Nullable Platform wanted) {
    ImageReference reference = StoreIndex.parse(name);
    List<Platform> there =
        reference == null
            ? List.of()
            : Io.run("cannot read the store", () -> store.images().platforms(reference));
    return reference == null || there.isEmpty()
        ? null
        : String.format(
            Locale.ROOT,
            "image %s is in the store %s for %s, and not for %s: ask for the one that is there with"
                + " image(\"%s\", Platform.parse(\"%s\")), or from(...) or pull(...) with its"
                + " platform",
            reference.familiar(),
            store.directory(),
            String.join(", ", there.stream().map(Platform::toString).toList()),
            wanted == null ? Platform.current() : wanted,
            reference.familiar(),
            there.get(0));
  }

  private String names() {
    List<String> names = new ArrayList<>();
    images().forEach(image -> image.names().forEach(name -> names.add(name.familiar())));
    return names.isEmpty()
        ? "no named image"
        : String.join(", ", names.stream().distinct().toList());
  }

  /** Sends an image to a registry; returns its manifest there. */
  Descriptor push(StoredImage image, ImageReference target, PushOptions options) {
    requireOpen();
    return Io.run("cannot push " + target, () -> registries.push(image, target, options));
  }

  void save(List<Image> images, Path path, SaveOptions options) {
    requireOpen();
    Io.run(
        "cannot save to " + path,
        () -> {
          new ImageSaver(store, options, this::notice)
              .save(
                  images.stream().map(each -> each.stored(this, "cannot save image ")).toList(),
                  path);
          return true;
        });
  }

  /** The tree of an image without unpacking it. */
  RootView view(@Nullable StoredImage image) {
    return image == null
        ? EmptyView.INSTANCE
        : new LazyView(
            () ->
                Io.run(
                    "cannot read the layers of " + image.label(),
                    () -> ImageView.open(store, image)));
  }

  // --- containers

  /** Begins a container from an image, or with nothing. */
  WorkingContainer begin(@Nullable StoredImage base) {
    return begin(base, Containers.Base.STORED);
  }

  /** Begins a container from an image that is brought for it alone, and goes with it. */
  @SuppressWarnings("try") // the intake is open, not used
  WorkingContainer beginHolding(String what, Io<StoredImage> bringing) {
    requireOpen();
    return Io.run(
        what,
        () -> {
          try (Blobs.Intake intake = store.intake()) {
            StoredImage image = bringing.run();
            try {
              return begin(image, Containers.Base.HELD);
            } finally {
              store.images().release(image);
            }
          }
        });
  }

  private WorkingContainer begin(@Nullable StoredImage base, Containers.Base whose) {
    requireOpen();
    ImageConfig config = base == null ? ImageConfig.of(Platform.current()) : base.config();
    // What a Dockerfile beginning from the base would run was the base's to say; the new image says
    // its own.
    Draft draft = new Draft(config.withConfig(config.config().withOnBuild(List.of())), clock);
    return Io.run(
        "cannot begin a working container",
        () -> {
          Containers.Owned owned = store.containers().create(base, null, whose);
          ContainerFiles files = files(owned, () -> new ContainerFiles(this, owned, base, draft));
          opened(files);
          if (base != null) {
            store.images().used(base.descriptor().digest());
          }
          return new WorkingContainer(files);
        });
  }

  /** Opens a container that was named and closed. */
  WorkingContainer reopen(String name) {
    requireOpen();
    return Io.run(
        "cannot open container " + name,
        () -> {
          Containers.Owned owned = store.containers().open(name);
          if (owned == null) {
            throw new ContainerNotFoundException(
                "no working container is named " + name + " in the store " + store.directory());
          }
          ContainerFiles files = files(owned, () -> ContainerRecord.read(this, owned));
          opened(files);
          return new WorkingContainer(files);
        });
  }

  /** If that fails, somebody else may have the container; one without a name goes. */
  private static ContainerFiles files(Containers.Owned owned, Io<ContainerFiles> opening)
      throws IOException {
    try {
      return opening.run();
    } catch (IOException | RuntimeException | Error e) {
      try {
        owned.close();
      } catch (IOException | RuntimeException also) {
        e.addSuppressed(also);
      }
      throw e;
    }
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

  // --- the end

  boolean isClosed() {
    return closed;
  }

  void requireOpen() {
    if (closed) {
      throw closedException();
    }
  }

  /** What failed because this was closed meanwhile says so. */
  RuntimeException explained(RuntimeException failure) {
    if (!closed
        || failure instanceof ContainerStateException
        || failure instanceof CommandFailedException) {
      return failure;
    }
    return new ContainerStateException(
        "this Cooper was closed while this still ran, and ended it", failure);
  }

  static ContainerStateException closedException() {
    return new ContainerStateException(
        "this Cooper is closed: build another with Cooper.builder()");
  }

  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    Uninterrupted.run(this::closeAll);
  }

  private void closeAll() {
    List<Runnable> closing = new ArrayList<>();
    for (ContainerFiles files : List.copyOf(open)) {
      if (open.remove(files)) {
        closing.add(files::close);
      }
    }
    closing.add(registries::close);
    closing.add(
        () ->
            Io.run(
                "cannot close the store",
                () -> {
                  store.close();
                  return true;
                }));
    // Last: what belongs to others' ids only that can remove.
    closing.add(
        () ->
            Io.run(
                "cannot end what runs commands",
                () -> {
                  runtime.close();
                  return true;
                }));
    EachOf.run(closing);
  }
}

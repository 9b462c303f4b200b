package dev.cooper.container;

import dev.cooper.Cooper;
import dev.cooper.error.CommandFailedException;
import dev.cooper.error.ContainerNotFoundException;
import dev.cooper.error.ContainerStateException;
import dev.cooper.event.BuildEvent;
import dev.cooper.event.BuildListener;
import dev.cooper.host.HostRuntime;
import dev.cooper.image.CopyImageOptions;
import dev.cooper.image.PushOptions;
import dev.cooper.image.SaveOptions;
import dev.cooper.io.Background;
import dev.cooper.io.EachOf;
import dev.cooper.io.Io;
import dev.cooper.io.Uninterrupted;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.ImageLimits;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Platform;
import dev.cooper.oci.registry.TransferEvent;
import dev.cooper.progress.EventChannel;
import dev.cooper.progress.Progress;
import dev.cooper.spi.RootView;
import dev.cooper.spi.Rootfs;
import dev.cooper.spi.RuntimeOptions;
import dev.cooper.store.Blobs;
import dev.cooper.store.Containers;
import dev.cooper.store.ImageFinder;
import dev.cooper.store.ImageView;
import dev.cooper.store.LayerTrees;
import dev.cooper.store.Store;
import dev.cooper.store.StoredImage;
import dev.cooper.transfer.ImageCopy;
import dev.cooper.transfer.ImageSaver;
import dev.cooper.transfer.Registries;
import dev.cooper.transfer.RegistrySettings;
import dev.cooper.tree.EmptyView;
import dev.cooper.tree.LazyView;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What lies behind a {@link Cooper}, and what all that it made share: the store, what runs
 * commands, what speaks to registries, and the containers that are open. Thread-safe.
 */
public final class Session implements AutoCloseable {
  private final Store store;
  private final EventChannel events;
  private final Clock clock;
  private final @Nullable Instant sourceDate;
  private final LayerTrees trees;
  private final ImageFinder finder;
  private final Registries registries;
  private final HostRuntime runtime;
  private final RunDefaults runs;
  private final Set<ContainerFiles> open = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /** How one is opened, as {@link dev.cooper.CooperBuilder} says. */
  public record Settings(
      Path store,
      BuildListener listener,
      Clock clock,
      @Nullable Instant sourceDate,
      ImageLimits limits,
      RegistrySettings registries,
      RunDefaults runs,
      RuntimeOptions runtime) {}

  public Session(Settings settings) {
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
    finder = new ImageFinder(store);
    registries =
        new Registries(finder, trees, settings.registries, this::transferred, this::notice);
  }

  public Store store() {
    return store;
  }

  public LayerTrees trees() {
    return trees;
  }

  ImageFinder finder() {
    return finder;
  }

  public Registries registries() {
    return registries;
  }

  public HostRuntime runtime() {
    return runtime;
  }

  Clock clock() {
    return clock;
  }

  RunDefaults runs() {
    return runs;
  }

  public @Nullable Instant sourceDate() {
    return sourceDate;
  }

  /** The time in whole seconds: what is recorded is never finer. */
  public Instant now() {
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

  public void notice(String message) {
    events.tell(new BuildEvent.Notice("store", message));
  }

  // --- images

  /**
   * An image of the store.
   *
   * @param platform of a name, null for this machine's
   */
  public StoredImage image(String nameOrId, @Nullable Platform platform) {
    requireOpen();
    return finder.image(nameOrId, platform);
  }

  public List<StoredImage> images() {
    requireOpen();
    return finder.images();
  }

  /** Sends an image to a registry; returns its manifest there. */
  public Descriptor push(StoredImage image, ImageReference target, PushOptions options) {
    requireOpen();
    return Io.run("cannot push " + target, () -> registries.push(image, target, options));
  }

  public void save(List<StoredImage> images, Path path, SaveOptions options) {
    requireOpen();
    Io.run(
        "cannot save to " + path,
        () -> {
          new ImageSaver(store, options, this::notice).save(images, path);
          return true;
        });
  }

  /** What copies images from place to place. */
  public ImageCopy copying(CopyImageOptions options) {
    return new ImageCopy(finder, registries, options, this::notice);
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
  public ContainerFiles begin(@Nullable StoredImage base) {
    return begin(base, Containers.Base.STORED);
  }

  /** Begins a container from an image that is brought for it alone, and goes with it. */
  @SuppressWarnings("try") // the intake is open, not used
  public ContainerFiles beginHolding(String what, Io<StoredImage> bringing) {
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

  private ContainerFiles begin(@Nullable StoredImage base, Containers.Base whose) {
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
          return files;
        });
  }

  /** Opens a container that was named and closed. */
  public ContainerFiles reopen(String name) {
    requireOpen();
    return Io.run(
        "cannot open container " + name,
        () -> {
          Containers.Owned owned = store.containers().open(name);
          if (owned == null) {
            throw new ContainerNotFoundException(
                "no working container is named " + name + " in the store " + store.directory());
          }
          ContainerFiles files = files(owned, () -> ContainerFiles.open(this, owned));
          opened(files);
          return files;
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

  public boolean isClosed() {
    return closed;
  }

  public void requireOpen() {
    if (closed) {
      throw new ContainerStateException(HostRuntime.CLOSED);
    }
  }

  /** What failed because this was closed meanwhile says so. */
  public RuntimeException explained(RuntimeException failure) {
    if (!closed
        || failure instanceof ContainerStateException
        || failure instanceof CommandFailedException) {
      return failure;
    }
    return new ContainerStateException(
        "this Cooper was closed while this still ran, and ended it", failure);
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

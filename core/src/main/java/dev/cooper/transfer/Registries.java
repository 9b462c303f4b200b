package dev.cooper.transfer;

import dev.cooper.image.PullOptions;
import dev.cooper.image.PullPolicy;
import dev.cooper.image.PushOptions;
import dev.cooper.io.Background;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.CooperException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Index;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.Platform;
import dev.cooper.oci.registry.RegistriesConf;
import dev.cooper.oci.registry.RegistryClient;
import dev.cooper.oci.registry.RegistryException;
import dev.cooper.oci.registry.RemoteContent;
import dev.cooper.oci.registry.ShortNameMode;
import dev.cooper.oci.registry.TransferListener;
import dev.cooper.spi.ContainerRuntime;
import dev.cooper.store.ImageFinder;
import dev.cooper.store.LayerTrees;
import dev.cooper.store.Store;
import dev.cooper.store.StoreIndex;
import dev.cooper.store.StoredImage;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Pulls images into the store and pushes them from it. Thread-safe. */
public final class Registries implements AutoCloseable {
  private final Store store;
  private final ImageFinder finder;
  private final LayerTrees trees;
  private final RegistrySettings settings;
  private final TransferListener transfers;
  private final Consumer<String> notices;
  private final PushedBlobs pushed = new PushedBlobs();
  private final AtomicBoolean prepared = new AtomicBoolean();
  private @Nullable RegistryClient client;
  private @Nullable RegistriesConf conf;

  /**
   * Speaks to registries for a store.
   *
   * @param transfers is told what moves
   * @param notices is told what the user should know
   */
  public Registries(
      ImageFinder finder,
      LayerTrees trees,
      RegistrySettings settings,
      TransferListener transfers,
      Consumer<String> notices) {
    this.store = finder.store();
    this.finder = finder;
    this.trees = trees;
    this.settings = settings;
    this.transfers = transfers;
    this.notices = notices;
  }

  /** What speaks to registries; the host's settings are read when it is first needed. */
  public synchronized RegistryClient client() throws IOException {
    RegistryClient known = client;
    if (known == null) {
      known = settings.client(conf(), store.limits(), transfers);
      client = known;
    }
    return known;
  }

  private synchronized RegistriesConf conf() throws IOException {
    RegistriesConf known = conf;
    if (known == null) {
      known = settings.read();
      conf = known;
    }
    return known;
  }

  /**
   * Finds an image by its name or id, in the store or in a registry.
   *
   * @param text its name or id, with {@code docker://} before it perhaps
   * @param runtime asked for one only if the layers are to be unpacked
   */
  public StoredImage pull(String text, PullOptions options, Supplier<ContainerRuntime> runtime)
      throws IOException {
    boolean registrys = text.startsWith(ImagePlace.REGISTRY);
    String name = registrys ? text.substring(ImagePlace.REGISTRY.length()) : text;
    Platform wanted = options.platform();
    Optional<StoredImage> here = store.find(name, wanted);
    PullPolicy policy = options.policy() == null ? settings.policy() : options.policy();
    boolean local = policy == PullPolicy.MISSING || policy == PullPolicy.NEVER;
    if (here.isPresent()
        && (!isCalled(here.get(), name) // by its id, which no registry knows
            || local && namesRegistry(name))) {
      return unpacked(here.get(), options, runtime);
    }
    if (here.isEmpty() && !registrys && StoreIndex.parse(name) == null) {
      ImagePlaces.requireName(name, ImagePlace.REGISTRY + name);
    }
    // Whatever a short name may stand for: only what is pulled has to be unambiguous.
    List<ImageReference> any = conf().withShortNameMode(ShortNameMode.DISABLED).candidates(name);
    for (int i = 0; i < any.size() && here.isEmpty(); i++) {
      here = store.find(any.get(i).toString(), wanted);
    }
    if (here.isPresent() && local) {
      return unpacked(here.get(), options, runtime);
    }
    if (here.isEmpty() && !registrys) {
      ImagePlaces.requireName(name, ImagePlace.REGISTRY + name);
    }
    if (policy == PullPolicy.NEVER) {
      throw finder.notFound(
          others(name, any, wanted),
          wanted,
          "load one, or pull it with another policy than never",
          null);
    }
    List<Exception> failures = new ArrayList<>();
    StoredImage pulled = fetch(name, options, runtime, failures);
    if (pulled != null) {
      return pulled;
    }
    Exception failure = together(name, failures);
    if (policy == PullPolicy.NEWER && here.isPresent()) {
      notices.accept(
          "cannot pull a newer " + name + ", the store's is used: " + failure.getMessage());
      return unpacked(here.get(), options, runtime);
    }
    if (here.isEmpty() && failures.stream().allMatch(Registries::isNowhere)) {
      throw finder.notFound(
          others(name, any, wanted), wanted, "and " + failure.getMessage(), failure);
    }
    String others = finder.otherPlatforms(others(name, any, wanted), wanted);
    if (here.isEmpty() && others != null) {
      notices.accept(others);
    }
    if (here.isEmpty() && !registrys && name.indexOf('/') < 0 && isRegistrys(failure)) {
      // Whoever gave a short name may have meant an image of the store, or a file.
      throw finder.notFound(
          name,
          wanted,
          "it could not be pulled either: "
              + failure.getMessage()
              + "; a file is begun from by from(Path.of(\""
              + name
              + "\")) or a prefix such as oci-archive: or rootfs:",
          failure);
    }
    if (failure instanceof IOException io) {
      throw io;
    }
    throw (RuntimeException) failure;
  }

  /** What a name may stand for and the store has for another platform, else the name itself. */
  private String others(String name, List<ImageReference> any, @Nullable Platform wanted) {
    return any.stream()
        .map(ImageReference::toString)
        .filter(each -> finder.otherPlatforms(each, wanted) != null)
        .findFirst()
        .orElse(name);
  }

  /** One of several registries' failures, or one of all. */
  private static Exception together(String name, List<Exception> failures) {
    if (failures.size() == 1) {
      return failures.get(0);
    }
    OperationException all =
        new OperationException(
            failures.stream()
                .map(each -> String.valueOf(each.getMessage()))
                .collect(Collectors.joining("; ", "cannot pull " + name + ": ", "")),
            failures.get(failures.size() - 1));
    failures.subList(0, failures.size() - 1).forEach(all::addSuppressed);
    return all;
  }

  /** Whether every place that was asked knows no such image. */
  private static boolean isNowhere(Throwable failure) {
    return failure instanceof RegistryException registrys
        && registrys.isNotFound()
        && Arrays.stream(registrys.getSuppressed()).allMatch(Registries::isNowhere);
  }

  /** Whether a registry, or the way to it, is to blame, and not this store or an interrupt. */
  private static boolean isRegistrys(Exception failure) {
    return failure instanceof ContentException
        || Stream.iterate((Throwable) failure, Objects::nonNull, Throwable::getCause)
            .anyMatch(RegistryException.class::isInstance);
  }

  /**
   * Begins to load what speaks to a registry, if a name says which, as it is likely to be needed: a
   * cold JVM does that while it does something else. Nothing is sent.
   */
  public void prepare(String name) {
    ImageReference reference = namesRegistry(name) ? StoreIndex.parse(name) : null;
    if (reference == null || prepared.getAndSet(true)) {
      return;
    }
    Background.begin("registries", () -> client().prepare(reference));
  }

  /** Whether a name is whole, so that nobody's settings say what it is short for. */
  private static boolean namesRegistry(String name) {
    int slash = name.indexOf('/');
    String first = name.substring(0, Math.max(0, slash));
    return first.contains(".") || first.contains(":") || first.equals("localhost");
  }

  private static boolean isCalled(StoredImage image, String name) {
    try {
      ImageReference reference = ImageReference.parse(name);
      return reference.digest() != null || image.names().contains(reference);
    } catch (ContentException noName) {
      return false;
    }
  }

  private StoredImage unpacked(
      StoredImage image, PullOptions options, Supplier<ContainerRuntime> runtime)
      throws IOException {
    if (options.unpacked()) {
      trees.unpacked(image, runtime.get(), notices);
    }
    return image;
  }

  /**
   * From the first of several registries that gives it, as containers/image goes on to the next for
   * whatever reason.
   *
   * @param failures gets why each did not; another failure than a registry's is thrown
   * @return null if none gives it
   */
  private @Nullable StoredImage fetch(
      String name,
      PullOptions options,
      Supplier<ContainerRuntime> runtime,
      List<Exception> failures)
      throws IOException {
    for (ImageReference each : candidates(name, failures)) {
      try (RemoteContent content = open(each, failures)) {
        Descriptor manifest = content == null ? null : chosen(content, options, failures);
        if (content != null && manifest != null) {
          return importer(options, runtime)
              .one(content, manifest, platform(options), each, check(each, content, options));
        }
      } catch (IOException | CooperException e) {
        if (e instanceof InterruptedIOException || !isRegistrys(e)) {
          throw e;
        }
        failures.add(e);
      }
    }
    return null;
  }

  private List<ImageReference> candidates(String name, List<Exception> failures)
      throws IOException {
    try {
      return conf().candidates(name);
    } catch (OperationException ambiguous) {
      failures.add(ambiguous);
      return List.of();
    }
  }

  private @Nullable RemoteContent open(ImageReference reference, List<Exception> failures)
      throws IOException {
    try {
      return client().open(reference);
    } catch (CooperException e) {
      failures.add(e);
      return null;
    }
  }

  private static @Nullable Descriptor chosen(
      RemoteContent content, PullOptions options, List<Exception> failures) throws IOException {
    try {
      return ImageImport.manifest(content, content.root().descriptor(), platform(options), 0);
    } catch (CooperException e) {
      failures.add(e);
      return null;
    }
  }

  private ImageImport importer(PullOptions options, Supplier<ContainerRuntime> runtime) {
    return new ImageImport(store, options.unpacked() ? runtime.get() : null, notices);
  }

  private static Platform platform(PullOptions options) {
    return options.platform() == null ? Platform.current() : options.platform();
  }

  /**
   * What is said of an image that is there for one platform alone, and that another than the one
   * wanted: docker pull refuses it where a platform was asked for, and buildah warns of it.
   */
  private Consumer<ImageConfig> check(
      ImageReference name, RemoteContent content, PullOptions options) {
    Platform wanted = platform(options);
    return config -> {
      if (content.root().descriptor().mediaType().isIndex() || wanted.matches(config.platform())) {
        return;
      }
      String found = name + " is an image for " + config.platform() + " alone";
      if (options.platform() != null) {
        throw new OperationException(
            found + ", and " + wanted + " was asked for: ask for that, or for none");
      }
      notices.accept(found + ", and this machine is " + wanted);
    };
  }

  private ImagePush push(ImageReference target, PushOptions options) throws IOException {
    return new ImagePush(store, client().writer(target), target, options, pushed);
  }

  /** Pushes one image; returns its manifest's descriptor there. */
  public Descriptor push(StoredImage image, ImageReference target, PushOptions options)
      throws IOException {
    Descriptor there = push(target, options).image(image);
    noted(List.of(image), target, List.of(List.of(there)));
    return there;
  }

  /** Remembers by which digests a repository knows images from now on. */
  private void noted(List<StoredImage> images, ImageReference target, List<List<Descriptor>> there)
      throws IOException {
    for (int i = 0; i < images.size(); i++) {
      List<ImageReference> digests =
          there.get(i).stream()
              .map(each -> StoreIndex.pinned(target.withDigest(each.digest())))
              .toList();
      store.images().noted(images.get(i).descriptor().digest(), digests);
    }
  }

  /** Pushes images of several platforms as one index. */
  public Descriptor push(
      List<StoredImage> images,
      ImageReference target,
      PushOptions options,
      UnaryOperator<Index> edit)
      throws IOException {
    if (images.isEmpty()) {
      throw new OperationException("cannot push " + target + ": an index of no images is no image");
    }
    ImagePush push = push(target, options);
    List<Descriptor> manifests = push.manifests(images);
    Descriptor index = push.index(manifests, edit);
    noted(images, target, manifests.stream().map(each -> List.of(each, index)).toList());
    return index;
  }

  @Override
  public synchronized void close() {
    if (client != null) {
      client.close();
    }
  }
}

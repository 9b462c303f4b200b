package dev.cooper;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Index;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.Platform;
import dev.cooper.oci.registry.RegistriesConf;
import dev.cooper.oci.registry.RegistryClient;
import dev.cooper.oci.registry.RegistryException;
import dev.cooper.oci.registry.RemoteContent;
import dev.cooper.spi.ContainerRuntime;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Pulls images into the store and pushes them from it. Thread-safe. */
final class Registries implements AutoCloseable {
  private final Session session;
  private final RegistrySettings settings;
  private final PushedBlobs pushed = new PushedBlobs();
  private final AtomicBoolean prepared = new AtomicBoolean();
  private @Nullable RegistryClient client;
  private @Nullable RegistriesConf conf;

  Registries(Session session, RegistrySettings settings) {
    this.session = session;
    this.settings = settings;
  }

  /** What speaks to registries; the host's settings are read when it is first needed. */
  synchronized RegistryClient client() throws IOException {
    RegistryClient known = client;
    if (known == null) {
      known = settings.client(conf(), session.store().limits(), session::transferred);
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
   * @param runtime asked for one only if the layers are to be unpacked
   */
  StoredImage pull(String name, PullOptions options, Supplier<ContainerRuntime> runtime)
      throws IOException {
    Optional<StoredImage> here = session.store().find(name);
    PullPolicy policy = options.policy() == null ? settings.policy() : options.policy();
    boolean local = policy == PullPolicy.MISSING || policy == PullPolicy.NEVER;
    Platform wanted = options.platform();
    if (here.isPresent()
        && (!isCalled(here.get(), name) // by its id, which no registry knows
            || local && wanted == null && namesRegistry(name))) {
      return unpacked(here.get(), options, runtime);
    }
    List<ImageReference> candidates = conf().candidates(name);
    for (int i = 0; i < candidates.size() && here.isEmpty(); i++) {
      here = session.store().find(candidates.get(i).toString());
    }
    if (wanted != null) {
      here = here.filter(image -> wanted.matches(image.config().platform()));
    }
    if (here.isPresent() && local) {
      return unpacked(here.get(), options, runtime);
    }
    if (policy == PullPolicy.NEVER) {
      throw session.notFound(name, "load one, or pull it with another policy than never", null);
    }
    try {
      return fetch(candidates, options, runtime);
    } catch (RegistryException e) {
      if (here.isEmpty() && isNowhere(e)) {
        throw session.notFound(name, "and " + e.getMessage(), e);
      }
      if (policy != PullPolicy.NEWER || here.isEmpty() || e.isNotFound()) {
        throw e;
      }
      session.notice(
          "cannot look for a newer " + name + ", the store's is used: " + e.getMessage());
      return unpacked(here.get(), options, runtime);
    }
  }

  /** Whether every registry that was asked knows no such image. */
  private static boolean isNowhere(RegistryException last) {
    return last.isNotFound()
        && Arrays.stream(last.getSuppressed())
            .allMatch(each -> each instanceof RegistryException other && other.isNotFound());
  }

  /**
   * Begins to load what speaks to a registry, if a name says which, as it is likely to be needed: a
   * cold JVM does that while it does something else. Nothing is sent.
   */
  void prepare(String name) {
    if (!namesRegistry(name) || prepared.getAndSet(true)) {
      return;
    }
    Background.begin("registries", () -> client().prepare(ImageReference.parse(name)));
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
      session.trees().unpacked(image, runtime.get(), session::notice);
    }
    return image;
  }

  /** From the first of several places that has it. */
  private StoredImage fetch(
      List<ImageReference> candidates, PullOptions options, Supplier<ContainerRuntime> runtime)
      throws IOException {
    List<RegistryException> failures = new ArrayList<>();
    for (ImageReference each : candidates) {
      try (RemoteContent content = client().open(each)) {
        return new ImageImport(
                session.store(), options.unpacked() ? runtime.get() : null, session::notice)
            .one(
                content,
                content.root().descriptor(),
                options.platform() == null ? Platform.current() : options.platform(),
                each);
      } catch (RegistryException e) {
        failures.add(e);
      }
    }
    RegistryException last = failures.remove(failures.size() - 1);
    failures.forEach(last::addSuppressed);
    throw last;
  }

  private ImagePush push(ImageReference target, PushOptions options) throws IOException {
    return new ImagePush(session.store(), client().writer(target), target, options, pushed);
  }

  /** Pushes one image; returns its manifest's descriptor there. */
  Descriptor push(StoredImage image, ImageReference target, PushOptions options)
      throws IOException {
    return push(target, options).image(image);
  }

  /** Pushes images of several platforms as one index. */
  Descriptor push(
      List<StoredImage> images,
      ImageReference target,
      PushOptions options,
      UnaryOperator<Index> edit)
      throws IOException {
    if (images.isEmpty()) {
      throw new OperationException("cannot push " + target + ": an index of no images is no image");
    }
    return push(target, options).index(images, edit);
  }

  @Override
  public synchronized void close() {
    if (client != null) {
      client.close();
    }
  }
}

package dev.cooper;

import dev.cooper.container.Session;
import dev.cooper.image.PushOptions;
import dev.cooper.image.SaveOptions;
import dev.cooper.io.Io;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.History;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.Platform;
import dev.cooper.store.GivenNames;
import dev.cooper.store.StoredImage;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/**
 * An image of a store, as a call gave it: its names are those of that commit, pull, tag or look-up.
 * Immutable, thread-safe.
 *
 * <p>Three digests tell of an image. {@link #id} is its configuration's: the same wherever it is.
 * {@link #digest} is its manifest's in this store, where layers that were made here lie
 * uncompressed. {@link #repoDigests} are what registries know it by, after it was pushed or pulled:
 * what one deploys by.
 */
public final class Image {
  private final Session session;
  private final StoredImage stored;

  Image(Session session, StoredImage stored) {
    this.session = session;
    this.stored = stored;
  }

  StoredImage stored() {
    return stored;
  }

  /** The same, for another call of a store that has to be this image's. */
  StoredImage stored(Session other, String what) {
    if (!session.store().directory().equals(other.store().directory())) {
      throw new OperationException(
          what
              + stored.label()
              + ": it is an image of the store "
              + session.store().directory()
              + ", and this is the store "
              + other.store().directory()
              + ": bring it over with save(...) and load(...), or by a registry");
    }
    return stored;
  }

  /**
   * Its id: the digest of its configuration, as Docker shows it. It stays the same when the image
   * is pushed, saved or compressed.
   *
   * @return the id
   */
  public Digest id() {
    return stored.id();
  }

  /**
   * The digest of its manifest as this store has it. A registry knows an image by it only if it was
   * pulled from there and not changed: what was built here is compressed when it is pushed, and has
   * another digest there, which {@link #push} returns and {@link #repoDigests} remembers.
   *
   * @return the digest
   */
  public Digest digest() {
    return stored.descriptor().digest();
  }

  /**
   * The digests by which registries know it: where it was pushed to or pulled from, by any JVM with
   * this store. They are forgotten with the image. An image pulled through an index has two: its
   * manifest's and, after it, the index's; {@link Cooper#pushIndex} gives both too.
   *
   * @return references such as {@code registry.example.com/team/app@sha256:…}, the first ones
   *     first, to deploy by or to pull again
   * @throws OperationException if the image was removed
   */
  public List<String> repoDigests() {
    session.requireOpen();
    return Io.run(
        "cannot read the store",
        () ->
            session.store().images().repositoryDigests(stored.descriptor().digest()).stream()
                .map(ImageReference::toString)
                .toList());
  }

  /**
   * What it was called by whoever got it: the names of the commit, or the one that was pulled,
   * tagged or looked up. Looked up by its id, or listed, it has all the names that it had then.
   *
   * @return short names such as {@code app:1.0}; none for an image known by its id only
   */
  public List<String> names() {
    return stored.names().stream().map(ImageReference::familiar).toList();
  }

  /**
   * What it runs on.
   *
   * @return as its configuration says
   */
  public Platform platform() {
    return stored.config().platform();
  }

  /**
   * Its configuration.
   *
   * @return as its blob holds it
   */
  public ImageConfig config() {
    return stored.config();
  }

  /**
   * Its manifest.
   *
   * @return as its blob holds it
   */
  public Manifest manifest() {
    return stored.manifest();
  }

  /**
   * How it was made.
   *
   * @return a line for each step, the first one first
   */
  public List<History> history() {
    return stored.config().history();
  }

  /**
   * How much its layers take in the store.
   *
   * @return the sum of their sizes in bytes, as they are stored
   */
  public long size() {
    return stored.manifest().layers().stream().mapToLong(Descriptor::size).sum();
  }

  /**
   * Sends it to the registry that its only name says, its layers as gzip.
   *
   * <pre>{@code
   * image.push();
   * String pinned = image.repoDigests().get(0); // registry.example.com/team/app@sha256:…
   * }</pre>
   *
   * @return its manifest there, whose digest one deploys by
   * @throws dev.cooper.oci.registry.RegistryException if the registry refuses it
   * @throws dev.cooper.oci.OperationException if it has no name, or several
   */
  public Descriptor push() {
    List<ImageReference> names = stored.names();
    if (names.size() != 1) {
      throw new OperationException(
          "cannot push image "
              + stored.id()
              + ": "
              + (names.isEmpty()
                  ? "it has no name; tag it, or say where to with push(reference)"
                  : "it has the names "
                      + String.join(", ", names())
                      + "; say which one with push(reference)"));
    }
    return session.push(stored, names.get(0), PushOptions.DEFAULT);
  }

  /**
   * Sends it to a registry, its layers as gzip.
   *
   * @param reference where to, such as {@code registry.example.com/app:1.0}
   * @return its manifest there
   * @throws dev.cooper.oci.registry.RegistryException if the registry refuses it
   */
  public Descriptor push(String reference) {
    return push(reference, PushOptions.DEFAULT);
  }

  /**
   * Sends it to a registry.
   *
   * <p>Layers that are not compressed are, and are kept so in the store; what the registry has is
   * neither compressed nor sent again.
   *
   * <p>An interrupt of the thread ends it, and so does closing its {@link Cooper}. A registry is
   * then asked once to forget each upload under way, and waited for two seconds at most.
   *
   * @param reference where to, such as {@code registry.example.com/app:1.0}
   * @param options how layers are compressed
   * @return its manifest there
   * @throws dev.cooper.oci.registry.RegistryException if the registry refuses it
   */
  public Descriptor push(String reference, PushOptions options) {
    Objects.requireNonNull(reference, "reference");
    Objects.requireNonNull(options, "options");
    return session.push(stored, ImageReference.parse(reference), options);
  }

  /**
   * Begins a working container from it.
   *
   * @return a container of the caller's own
   */
  public WorkingContainer container() {
    return new WorkingContainer(session.begin(stored));
  }

  /**
   * Gives it one more name. An image for the same platform that had the name loses it; images for
   * other platforms keep it.
   *
   * @param name such as {@code registry.example.com/app:1.0}
   * @return the image, called by this name
   * @throws OperationException if the name holds a digest that is not the image's
   */
  public Image tag(String name) {
    Objects.requireNonNull(name, "name");
    session.requireOpen();
    return Io.run(
        "cannot tag " + stored.label(),
        () -> new Image(session, session.store().tag(stored, GivenNames.parse(name))));
  }

  /**
   * Takes a name from it; the image stays, and so does the name of images for other platforms.
   *
   * @param name one of the names that it has now
   * @throws OperationException if that is not its name, saying whose it is
   */
  public void untag(String name) {
    Objects.requireNonNull(name, "name");
    session.requireOpen();
    Io.run(
        "cannot untag " + name,
        () -> {
          session.store().untag(stored, ImageReference.parse(name));
          return true;
        });
  }

  /**
   * Removes it from the store, with all its names, and whatever nothing else needs.
   *
   * @throws dev.cooper.oci.OperationException if a working container began from it, or it was
   *     removed before
   */
  public void remove() {
    session.requireOpen();
    Io.run(
        "cannot remove " + stored.label(),
        () -> {
          session.store().remove(stored);
          return true;
        });
  }

  /**
   * Writes it to a file or directory.
   *
   * @param path not there yet
   * @param options the format and compression
   * @return this
   */
  public Image save(Path path, SaveOptions options) {
    Objects.requireNonNull(path, "path");
    Objects.requireNonNull(options, "options");
    session.save(List.of(stored), path, options);
    return this;
  }

  /**
   * Writes it to an OCI archive, its layers as gzip.
   *
   * @param path not there yet
   * @return this
   */
  public Image save(Path path) {
    return save(path, SaveOptions.ociArchive());
  }

  /** The name that it was got by, or the start of its id. */
  @Override
  public String toString() {
    return "Image[" + stored.label() + "]";
  }
}

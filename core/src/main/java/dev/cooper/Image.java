package dev.cooper;

import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.History;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.OperationException;
import java.nio.file.Path;
import java.util.List;

/**
 * An image of a store. Immutable: its names are those that it had when it was found. Thread-safe.
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

  /**
   * Its id: the digest of its configuration, as Docker shows it.
   *
   * @return the id
   */
  public Digest id() {
    return stored.id();
  }

  /**
   * The digest of its manifest, by which a registry knows it.
   *
   * @return the digest
   */
  public Digest digest() {
    return stored.descriptor().digest();
  }

  /**
   * What it is called.
   *
   * @return short names such as {@code app:1.0}; none for an image known by its id only
   */
  public List<String> names() {
    return stored.names().stream().map(ImageReference::familiar).toList();
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
   * Sends it to the registries that its names say, its layers as gzip.
   *
   * @return this
   * @throws dev.cooper.oci.registry.RegistryException if a registry refuses it
   * @throws dev.cooper.oci.OperationException if it has no name
   */
  public Image push() {
    if (stored.names().isEmpty()) {
      throw new OperationException(
          "cannot push " + stored.label() + ": it has no name; tag it, or say where to");
    }
    for (ImageReference name : stored.names()) {
      session.push(stored, name, PushOptions.DEFAULT);
    }
    return this;
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
   * @param reference where to, such as {@code registry.example.com/app:1.0}
   * @param options how layers are compressed
   * @return its manifest there
   * @throws dev.cooper.oci.registry.RegistryException if the registry refuses it
   */
  public Descriptor push(String reference, PushOptions options) {
    return session.push(stored, ImageReference.parse(reference), options);
  }

  /**
   * Begins a working container from it.
   *
   * @return a container of the caller's own
   */
  public WorkingContainer container() {
    return session.begin(stored);
  }

  /**
   * Gives it one more name; an image that had the name loses it.
   *
   * @param name such as {@code registry.example.com/app:1.0}
   * @return the image with its names
   */
  public Image tag(String name) {
    session.requireOpen();
    return Io.run(
        "cannot tag " + stored.label(),
        () -> new Image(session, session.store().tag(stored, ImageReference.parse(name))));
  }

  /**
   * Takes a name from it; the image stays.
   *
   * @param name one of its names
   */
  public void untag(String name) {
    session.requireOpen();
    Io.run(
        "cannot untag " + name,
        () -> {
          session.store().untag(ImageReference.parse(name));
          return true;
        });
  }

  /**
   * Removes it from the store, with all its names, and whatever nothing else needs.
   *
   * @throws dev.cooper.oci.OperationException if a working container began from it
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
    session.save(List.of(this), path, options);
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

  /** Its first name, or the start of its id. */
  @Override
  public String toString() {
    return "Image[" + stored.label() + "]";
  }
}

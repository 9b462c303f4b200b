package dev.cooper.oci.registry;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.CooperException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageLimits;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Index;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.layout.ContentReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * One image in a registry, to be read: its manifest or index, and the blobs of its repository.
 *
 * <p>Its index has one entry, without a name. Blobs come from the place that gave the manifest; if
 * that is a mirror that lacks one, from the next place. A download that breaks goes on where it
 * was. Thread-safe; a stream is for one thread, and holds one of the registry's parallel transfers
 * until it is closed, so that a thread does well to have one open at a time.
 */
public final class RemoteContent implements ContentReader {
  private final ImageReference reference;
  private final RemoteManifest root;
  private final List<Repository> places;
  private final Set<InputStream> open = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /**
   * An image that was found.
   *
   * @param places the one that gave the manifest, and those to ask after it
   */
  RemoteContent(ImageReference reference, RemoteManifest root, List<Repository> places) {
    this.reference = reference;
    this.root = root;
    this.places = List.copyOf(places);
  }

  /**
   * What was asked for.
   *
   * @return the reference as it was given
   */
  public ImageReference reference() {
    return reference;
  }

  /**
   * The manifest or index that the reference led to.
   *
   * @return its descriptor and bytes
   */
  public RemoteManifest root() {
    return root;
  }

  @Override
  public Index index() {
    return Index.of(List.of(root.descriptor()));
  }

  @Override
  public byte[] read(Descriptor descriptor) throws IOException {
    ByteString data = descriptor.data();
    if (data != null) {
      return data.toBytes();
    }
    limits()
        .requireDocument(
            reference + ": " + descriptor.mediaType() + " " + descriptor.digest(),
            descriptor.size());
    MediaType type = descriptor.mediaType();
    if (type.isManifest() || type.isIndex()) {
      return manifest(descriptor);
    }
    try (InputStream in = open(descriptor)) {
      return in.readAllBytes();
    }
  }

  private ImageLimits limits() {
    return places.get(0).host().settings().limits();
  }

  private byte[] manifest(Descriptor wanted) throws IOException {
    Digest digest = wanted.digest();
    RemoteManifest found =
        digest.equals(root.descriptor().digest())
            ? root
            : first(
                place -> new Manifests(place).fetch(digest.toString(), digest, wanted.mediaType()));
    Descriptor is = found.descriptor();
    if (is.size() != wanted.size() || !is.mediaType().equals(wanted.mediaType())) {
      throw new ContentException(
          String.format(
              Locale.ROOT,
              "%s: %s is a %s of %d bytes, expected a %s of %d",
              reference,
              digest,
              is.mediaType(),
              is.size(),
              wanted.mediaType(),
              wanted.size()));
    }
    return found.bytes().toBytes();
  }

  @Override
  public InputStream open(Descriptor descriptor) throws IOException {
    ByteString data = descriptor.data();
    if (data != null) {
      return new ByteArrayInputStream(data.toBytes());
    }
    limits().requireBlob(descriptor);
    InputStream in = first(place -> new Blobs(place).open(descriptor));
    InputStream tracked = new Tracked(in);
    open.add(tracked);
    if (closed) {
      tracked.close();
    }
    return tracked;
  }

  /** Something that a place may have. */
  private interface Question<T> {
    T ask(Repository place) throws IOException;
  }

  private <T> T first(Question<T> question) throws IOException {
    requireOpen();
    CooperException before = null;
    for (int i = 0; ; i++) {
      try {
        return question.ask(places.get(i));
      } catch (CooperException e) {
        if (before != null) {
          e.addSuppressed(before);
        }
        before = e;
        if (i == places.size() - 1) {
          throw e;
        }
      }
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the content of " + reference + " was closed");
    }
  }

  @Override
  public boolean contains(Digest digest) {
    requireOpen();
    try {
      for (Repository place : places) {
        if (new Blobs(place).contains(digest, Scopes.pull(place.name()))) {
          return true;
        }
      }
      return false;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Ends the streams that are still open. */
  @Override
  public void close() throws IOException {
    closed = true;
    for (InputStream each : open) {
      each.close();
    }
  }

  /** Forgets itself when it is closed. */
  private final class Tracked extends java.io.FilterInputStream {
    Tracked(InputStream in) {
      super(in);
    }

    @Override
    public void close() throws IOException {
      open.remove(this);
      super.close();
    }
  }

  /** What it reads. */
  @Override
  public String toString() {
    return "RemoteContent[" + reference + "]";
  }
}

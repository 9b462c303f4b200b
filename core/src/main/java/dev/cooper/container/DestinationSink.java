package dev.cooper.container;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layer.EntrySink;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.spi.RootView;
import dev.cooper.tree.PathResolver;
import java.io.IOException;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Gives the entries of a source their place, owner and mode in a root, with the directories that
 * lead there: the one way by which a caller's paths enter a layer.
 *
 * <p>An entry replaces what lies at its path, a directory with all below it, unless both are
 * directories; a link at the path itself is not followed. Links on the way, which only an archive's
 * own names can lead through, are followed with the destination as the root. Not thread-safe.
 */
final class DestinationSink implements EntrySink {
  private static final String WHITEOUT = ".wh.";

  private final CopiedView view;
  private final EntrySink out;
  private final boolean layer;
  private final long uid;
  private final long gid;
  private final @Nullable Integer mode;
  private final Instant now;
  private final Map<ByteString, ByteString> followed = new HashMap<>();
  private ByteString destination = ByteString.EMPTY;
  private boolean keepOwners;
  private boolean archive;
  private boolean skipping;

  /** The directory that was begun hides one of the root, see {@link TarEntry#opaque}. */
  private @Nullable TarEntry hiding;

  /** The source's directory that the last entry lay in, and where that one is. */
  private @Nullable ByteString lastSource;

  private ByteString lastPlace = ByteString.EMPTY;

  /**
   * A sink for one copy.
   *
   * @param layer whether it writes a layer, which holds the existing directories on the way too, or
   *     a mounted root, which has them
   */
  DestinationSink(
      RootView root,
      EntrySink out,
      boolean layer,
      long uid,
      long gid,
      @Nullable Integer mode,
      Instant now) {
    this.view = new CopiedView(root);
    this.out = out;
    this.layer = layer;
    this.uid = uid;
    this.gid = gid;
    this.mode = mode;
    this.now = now;
  }

  /** Where the source's root goes from now on: a canonical path. */
  DestinationSink to(ByteString path) {
    destination = path;
    forgetWays();
    return this;
  }

  /** Leaves owners as the source has them, as a copy from another root keeps them. */
  DestinationSink keepingOwners() {
    keepOwners = true;
    return this;
  }

  /**
   * Takes the entries of an archive, which may say what the destination itself is like, if that is
   * made.
   */
  DestinationSink unpacking() {
    archive = true;
    return this;
  }

  private void forgetWays() {
    followed.clear();
    lastSource = null;
  }

  @Override
  public void begin(TarEntry entry) throws IOException {
    ByteString source = LayerPath.normalize(entry.path());
    ByteString parent = LayerPath.parent(source);
    boolean near = !source.isEmpty() && parent.equals(lastSource);
    ByteString path = near ? LayerPath.join(lastPlace, LayerPath.name(source)) : place(source);
    skipping = false;
    hiding = null;
    if (entry.type() == EntryType.DIRECTORY) {
      directory(entry, path, source.isEmpty());
      return;
    }
    if (path.isEmpty()) {
      throw new OperationException(
          "cannot copy a file over the container's root directory: name a destination for it");
    }
    if (!near) {
      parents(path);
      lastSource = source.isEmpty() ? null : parent;
      lastPlace = LayerPath.parent(path);
    }
    file(entry, path);
  }

  private void file(TarEntry entry, ByteString path) throws IOException {
    requireNoWhiteout(path);
    TarEntry placed = owned(entry.withPath(path));
    if (entry.type() == EntryType.HARDLINK) {
      placed = placed.withLink(place(LayerPath.normalize(entry.link())));
    }
    if (view.put(placed, view.entry(path))) {
      forgetWays();
    }
    out.begin(mode == null || entry.type() == EntryType.SYMLINK ? placed : placed.withMode(mode));
  }

  /** In a layer, it would delete the file that the rest of the name is. */
  private static void requireNoWhiteout(ByteString path) {
    String name = LayerPath.name(path).latin1();
    if (name.startsWith(WHITEOUT)) {
      throw new OperationException(
          "cannot put /"
              + path
              + " into a layer: a name that begins with .wh. would delete a file there: choose another name");
    }
  }

  private TarEntry owned(TarEntry entry) {
    return keepOwners ? entry : entry.withOwner(uid, gid);
  }

  private void directory(TarEntry entry, ByteString path, boolean itself) throws IOException {
    @Nullable TarEntry there = path.isEmpty() ? null : view.entry(path);
    boolean exists = path.isEmpty() || (there != null && there.type() == EntryType.DIRECTORY);
    if (path.isEmpty() || (itself && exists)) {
      // The destination is only a place: where it exists it keeps its mode and owner.
      skipping = true; // and its parents, until something is put into it
      return;
    }
    if (itself && there != null) {
      throw new OperationException(
          "cannot copy a directory over the file /"
              + path
              + " of the container: remove it first, or choose another destination");
    }
    parents(path);
    requireNoWhiteout(path);
    hiding =
        layer && there != null && !exists && view.hidesDirectory(path)
            ? TarEntry.opaque(path).withMtime(entry.mtimeSeconds(), 0)
            : null;
    view.declare(path, !exists);
    if (there != null && !exists) {
      forgetWays();
    }
    out.begin(itself && !archive ? madeFor(entry, path) : given(entry, path));
  }

  private TarEntry given(TarEntry entry, ByteString path) {
    TarEntry placed = owned(entry.withPath(path));
    return mode == null ? placed : placed.withMode(mode);
  }

  /** As the directories above it are made: neither the source's owner and mode, nor the mode. */
  private TarEntry madeFor(TarEntry entry, ByteString path) {
    return entry.withPath(path).withOwner(uid, gid).withMode(0755);
  }

  /** A path of the source in the root, the links on its way followed; its last component may be. */
  private ByteString place(ByteString source) {
    return LayerPath.join(destination, inside(source));
  }

  private ByteString inside(ByteString source) {
    return LayerPath.join(directoryOf(source), LayerPath.name(source));
  }

  /**
   * Where the directory above a path of the source lies, in the destination: a link on the way that
   * leads to nothing leads to a directory that is made.
   */
  private ByteString directoryOf(ByteString source) {
    ByteString parent = LayerPath.parent(source);
    if (parent.isEmpty() || view.isDeclared(LayerPath.join(destination, parent))) {
      return parent;
    }
    @Nullable ByteString known = followed.get(parent);
    if (known != null) {
      return known;
    }
    ByteString at = inside(parent);
    if (!isLink(LayerPath.join(destination, at))) {
      return at;
    }
    ByteString resolved = PathResolver.resolve(view.below(destination), at).path();
    followed.put(parent, resolved);
    return resolved;
  }

  private boolean isLink(ByteString path) {
    @Nullable TarEntry there = view.entry(path);
    return there != null && there.type() == EntryType.SYMLINK;
  }

  /** Declares the directories above a path, making those that are missing. */
  private void parents(ByteString path) throws IOException {
    ByteString parent = LayerPath.parent(path);
    if (view.isDeclared(parent)) {
      return;
    }
    parents(parent);
    @Nullable TarEntry there = view.entry(parent);
    if (there != null && there.type() != EntryType.DIRECTORY) {
      throw new OperationException(
          "/" + parent + " in the container is no directory, so nothing can be copied below it");
    }
    view.declare(parent, there == null);
    if (there == null) {
      requireNoWhiteout(parent);
      out.put(
          TarEntry.directory(parent, 0755).withOwner(uid, gid).withMtime(now.getEpochSecond(), 0));
    } else if (layer) {
      out.put(there.withPath(parent).withMtime(there.mtimeSeconds(), 0));
    }
  }

  @Override
  public void write(byte[] source, int offset, int length) throws IOException {
    out.write(source, offset, length);
  }

  @Override
  public void end() throws IOException {
    if (skipping) {
      return;
    }
    out.end();
    if (hiding != null) {
      out.put(hiding);
      hiding = null;
    }
  }
}

package dev.cooper;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layer.EntrySink;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.spi.RootView;
import java.io.IOException;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Gives the entries of a source their place, owner and mode in a root, with the directories that
 * lead there.
 *
 * <p>A directory of the source that the root has as a link is followed inside the root, and made
 * there if it leads to nothing; a file never replaces a directory, nor a directory a file. Not
 * thread-safe.
 */
final class DestinationSink implements EntrySink {
  private final RootView view;
  private final EntrySink out;
  private final boolean layer;
  private final long uid;
  private final long gid;
  private final @Nullable Integer mode;
  private final Instant now;
  private final Set<ByteString> declared = new HashSet<>();
  private final Set<ByteString> created = new HashSet<>();
  private final Map<ByteString, ByteString> followed = new HashMap<>();
  private final Map<ByteString, TarEntry> links = new HashMap<>();
  private ByteString destination = ByteString.EMPTY;
  private boolean keepOwners;
  private boolean skipping;

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
    this.view = new WithCopied(root);
    this.out = out;
    this.layer = layer;
    this.uid = uid;
    this.gid = gid;
    this.mode = mode;
    this.now = now;
    declared.add(ByteString.EMPTY);
  }

  /** Where the source's root goes from now on: a canonical path. */
  DestinationSink to(ByteString path) {
    destination = path;
    return this;
  }

  /** Leaves owners as the source has them, as an archive that is unpacked keeps its own. */
  DestinationSink keepingOwners() {
    keepOwners = true;
    return this;
  }

  @Override
  public void begin(TarEntry entry) throws IOException {
    ByteString path = LayerPath.normalize(place(LayerPath.join(destination, entry.path())));
    skipping = false;
    if (entry.type() == EntryType.DIRECTORY) {
      directory(entry, path);
      return;
    }
    if (path.isEmpty()) {
      throw new OperationException(
          "cannot copy a file over the container's root directory: name a destination for it");
    }
    if (!created.contains(LayerPath.parent(path))) {
      @Nullable TarEntry there = view.entry(path);
      if (there != null && there.type() == EntryType.DIRECTORY) {
        throw new OperationException(
            "cannot copy a file over the directory /"
                + path
                + " of the container: remove it first, or choose another destination");
      }
    }
    parents(path);
    TarEntry placed = owned(entry.withPath(path));
    if (entry.type() == EntryType.HARDLINK) {
      placed =
          placed.withLink(place(LayerPath.join(destination, LayerPath.normalize(entry.link()))));
    }
    if (entry.type() == EntryType.SYMLINK) {
      links.put(path, placed);
    } else {
      links.remove(path);
    }
    out.begin(mode == null || entry.type() == EntryType.SYMLINK ? placed : placed.withMode(mode));
  }

  private TarEntry owned(TarEntry entry) {
    return keepOwners ? entry : entry.withOwner(uid, gid);
  }

  private void directory(TarEntry entry, ByteString path) throws IOException {
    ByteString at = path;
    boolean itself = entry.path().isEmpty();
    boolean exists = at.isEmpty();
    if (!created.contains(LayerPath.parent(path)) || itself) {
      @Nullable TarEntry there = view.entry(path);
      if (there != null && there.type() == EntryType.SYMLINK) {
        PathResolver.Resolved resolved = follow(path, path);
        at = resolved.path();
        there = resolved.entry();
      }
      if (there != null && there.type() != EntryType.DIRECTORY) {
        throw new OperationException(
            "cannot copy a directory over the file /"
                + at
                + " of the container: remove it first, or choose another destination");
      }
      // The destination itself is only a place: where it exists it keeps its mode and owner, as in
      // every builder.
      exists |= there != null;
    }
    if (at.isEmpty() || (itself && exists)) {
      skipping = true; // and its parents, until something is put into it
      return;
    }
    parents(at);
    declared.add(at);
    if (!exists) {
      created.add(at);
    }
    TarEntry placed = owned(entry.withPath(at));
    out.begin(mode != null ? placed.withMode(mode) : itself ? placed.withMode(0755) : placed);
  }

  /** A path with the links on its way followed; its last component may be one. */
  private ByteString place(ByteString path) {
    return LayerPath.join(directoryOf(path), LayerPath.name(path));
  }

  /**
   * Where the directory above a path lies, inside the root: a link on the way that leads to nothing
   * leads to a directory that is made.
   */
  private ByteString directoryOf(ByteString path) {
    ByteString parent = LayerPath.parent(path);
    if (parent.isEmpty() || declared.contains(parent)) {
      return parent;
    }
    @Nullable ByteString known = followed.get(parent);
    if (known != null) {
      return known;
    }
    ByteString at = place(parent);
    return declared.contains(at) || !isLink(at) ? at : follow(parent, at).path();
  }

  private boolean isLink(ByteString path) {
    @Nullable TarEntry there = view.entry(path);
    return there != null && there.type() == EntryType.SYMLINK;
  }

  private PathResolver.Resolved follow(ByteString path, ByteString link) {
    PathResolver.Resolved resolved = PathResolver.resolve(view, link);
    followed.put(path, resolved.path());
    return resolved;
  }

  /** Declares the directories above a path, making those that are missing. */
  private void parents(ByteString path) throws IOException {
    ByteString parent = LayerPath.parent(path);
    if (!declared.add(parent)) {
      return;
    }
    parents(parent);
    @Nullable TarEntry there =
        created.contains(LayerPath.parent(parent)) ? null : view.entry(parent);
    if (there != null && there.type() != EntryType.DIRECTORY) {
      throw new OperationException(
          "/" + parent + " in the container is no directory, so nothing can be copied below it");
    }
    if (there == null) {
      created.add(parent);
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
    if (!skipping) {
      out.end();
    }
  }

  /**
   * The root with the links and directories that this copy has made: whether they lie there already
   * depends on what is still held back.
   */
  private final class WithCopied implements RootView {
    private final RootView root;

    WithCopied(RootView root) {
      this.root = root;
    }

    @Override
    public @Nullable TarEntry entry(ByteString path) {
      TarEntry link = links.get(path);
      if (link != null) {
        return link;
      }
      return created.contains(path) ? TarEntry.directory(path, 0755) : root.entry(path);
    }

    @Override
    public byte @Nullable [] read(ByteString path, int limit) {
      return root.read(path, limit);
    }
  }
}

package dev.cooper.container;

import dev.cooper.event.BuildEvent;
import dev.cooper.image.CommitOptions;
import dev.cooper.io.Directories;
import dev.cooper.io.EachOf;
import dev.cooper.io.FullDisk;
import dev.cooper.io.Io;
import dev.cooper.io.Uninterrupted;
import dev.cooper.oci.ByteString;
import dev.cooper.oci.Digest;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layer.EntrySink;
import dev.cooper.oci.layout.DurableFiles;
import dev.cooper.progress.EventChannel;
import dev.cooper.spi.RootView;
import dev.cooper.spi.Rootfs;
import dev.cooper.spi.TreeOutput;
import dev.cooper.step.CopyOptions;
import dev.cooper.store.ContainerRecord;
import dev.cooper.store.Containers;
import dev.cooper.store.StoredImage;
import dev.cooper.store.SyncJournal;
import dev.cooper.tree.CapabilitySink;
import dev.cooper.tree.CountingSink;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A working container's state: its base, what changed, still packed or mounted, and its draft of an
 * image.
 *
 * <p>It begins packed: copies become tars. The first command, or whoever asks for the mount,
 * unpacks and mounts it, and replays the copies. Where each step is a layer, the mounted changes
 * are sealed after each: diffed into a tar, and laid below a new empty upper directory. Not
 * thread-safe: {@link dev.cooper.WorkingContainer} sees to that.
 */
public final class ContainerFiles {
  private final Session session;
  private final Containers.Owned owned;
  private final @Nullable StoredImage base;
  private final Draft draft;
  private final List<Sealed> sealed = new ArrayList<>();
  private PendingTree pending;
  private @Nullable Rootfs rootfs;
  private @Nullable UserDatabase users;
  private @Nullable ByteString usersStamp;
  private boolean perStep;

  /** Whether what changed is in the mount's directory, mounted just now or not. */
  private boolean unpacked;

  private boolean closed;

  /** A step that is a layer already: its tar, and its tree as a lower directory. */
  record Sealed(StepTar tar, Path tree) {}

  ContainerFiles(Session session, Containers.Owned owned, @Nullable StoredImage base, Draft draft) {
    this.session = session;
    this.owned = owned;
    this.base = base;
    this.draft = draft;
    this.pending = new PendingTree(owned.path().resolve("steps"), session.view(base));
  }

  public String id() {
    return owned.id();
  }

  public String label() {
    String name = owned.name();
    return name == null ? owned.id().substring(0, 12) : name;
  }

  /** Its name; empty if it has none. */
  public String name() {
    String name = owned.name();
    return name == null ? "" : name;
  }

  public void rename(String name) {
    Io.run(
        "cannot name the container " + label(),
        () -> {
          owned.rename(name, () -> record(false));
          return true;
        });
  }

  public Session session() {
    return session;
  }

  public Draft draft() {
    return draft;
  }

  @Nullable StoredImage base() {
    return base;
  }

  public void layerPerStep() {
    perStep = true;
  }

  boolean isPerStep() {
    return perStep;
  }

  /** Tells what happens in it. */
  public EventChannel events() {
    return session.events();
  }

  void notice(String message) {
    events().tell(new BuildEvent.Notice(label(), message));
  }

  public Runs runs() {
    return new Runs(this);
  }

  public Copies copies() {
    return new Copies(this);
  }

  public ConfiguredDirectories directories() {
    return new ConfiguredDirectories(this);
  }

  /** The root as it is, mounted or not. */
  RootView view() {
    return unpacked ? mounted() : pending;
  }

  /** The mounted root, if it is mounted. */
  Optional<Rootfs> mountedNow() {
    return Optional.ofNullable(rootfs);
  }

  /** Whether it has a root that can be mounted; else all that changed is pending. */
  boolean isUnpacked() {
    return unpacked;
  }

  PendingTree pending() {
    return pending;
  }

  List<Sealed> sealed() {
    return sealed;
  }

  /** The mounted root; mounts it if it is not yet. */
  public Rootfs mounted() {
    Rootfs known = rootfs;
    if (known != null) {
      return known;
    }
    return Io.run("cannot mount the root filesystem of container " + label(), this::mount);
  }

  /** Mounts the root if it is not yet, once, whoever comes first of several that only read it. */
  synchronized void mountForReaders() {
    mounted();
  }

  /** The users of a mounted root, read anew only if its files may have changed. */
  UserDatabase users(Rootfs root) {
    ByteString stamp = root.stamp(UserDatabase.FILES);
    UserDatabase known = users;
    if (known == null || stamp == null || !stamp.equals(usersStamp)) {
      known = UserDatabase.of(root);
      users = known;
      usersStamp = stamp;
    }
    return known;
  }

  private Rootfs mount() throws IOException {
    rootfs = remount();
    if (unpacked) {
      return mounted();
    }
    int before = sealed.size();
    PendingTree copies = pending;
    try {
      unpack(copies.steps());
      pending = new PendingTree(owned.path().resolve("steps"), session.view(base));
      unpacked = true;
      save(); // before what the record told of goes
    } catch (IOException | RuntimeException e) {
      pending = copies;
      unpacked = false;
      try {
        asBefore(before);
      } catch (RuntimeException also) {
        e.addSuppressed(also);
      }
      throw e;
    }
    if (!perStep) {
      for (StepTar step : copies.steps()) {
        Files.delete(step.file());
      }
    }
    return mounted();
  }

  private void unpack(List<StepTar> steps) throws IOException {
    for (StepTar step : steps) {
      Rootfs mounted = mounted();
      replay(mounted, step);
      if (perStep) {
        rootfs = rotate(mounted, step);
      }
    }
  }

  /** Takes back what was written of the copies: none of them is lost, and none is there by half. */
  private void asBefore(int sealedBefore) {
    unmount();
    session.runtime().get().delete(owned.path().resolve("changes"));
    while (sealed.size() > sealedBefore) {
      session.runtime().get().delete(Directories.parent(sealed.remove(sealed.size() - 1).tree()));
    }
  }

  private Rootfs remount() throws IOException {
    List<Path> layers = new ArrayList<>();
    if (base != null) {
      layers.addAll(session.trees().unpacked(base, session.runtime().get(), this::notice));
    }
    for (Sealed one : sealed) {
      layers.add(one.tree());
    }
    try {
      return session.runtime().get().mount(layers, owned.path(), this::notice);
    } catch (OperationException e) {
      throw FullDisk.explained(e, "cannot mount the root filesystem in " + directory());
    }
  }

  private void replay(Rootfs into, StepTar step) throws IOException {
    try (TreeOutput out = into.write()) {
      step.replay(out);
      out.finish();
    } catch (OperationException e) {
      throw FullDisk.explained(e, "cannot write to " + directory());
    }
  }

  /** Changes files: into a tar while nothing is mounted, else into the root. */
  void change(String description, Change change) {
    Io.run(
        "cannot do \"" + description + "\" in container " + label(),
        () -> {
          boolean changed = apply(change);
          draft.changedFiles(description);
          if (!changed) {
            draft.lastChangedNothing();
          }
          seal();
          save();
          return true;
        });
  }

  /** Returns whether it writes anything. */
  boolean apply(Change change) throws IOException {
    if (!unpacked) {
      try {
        return pending.add(
            sink -> change.write(view(), new CapabilitySink(sink, this::notice), true));
      } catch (PendingTree.LinksOutside e) {
        // The file that it links to has to be brought up, as only a mount does.
      }
    }
    Rootfs mounted = mounted();
    try (TreeOutput out = mounted.write()) {
      CountingSink counted = new CountingSink(out);
      change.write(mounted, counted, false);
      out.finish();
      return counted.entries() > 0;
    } catch (OperationException e) {
      throw FullDisk.explained(e, "cannot write to " + directory());
    }
  }

  /** Writes entries into a root, as a layer's or into a mounted one. */
  interface Change {
    void write(RootView root, EntrySink sink, boolean layer) throws IOException;
  }

  /** Notes that a command ran; what it changed is sealed where each step is a layer. */
  void ran(String description) {
    draft.changedFiles(description);
    Io.run(
        "cannot keep what \"" + description + "\" changed in container " + label(),
        () -> {
          seal();
          return true;
        });
    save();
  }

  /** Makes what changed in the mounted root a layer, where each step is one. */
  void seal() throws IOException {
    Rootfs mounted = rootfs;
    if (!perStep || mounted == null) {
      return;
    }
    Path directory = Directories.make(owned.path().resolve("steps"));
    StepTar tar =
        StepTar.write(
            directory.resolve(String.format(Locale.ROOT, "sealed-%06d.tar", sealed.size())),
            mounted::diff);
    if (tar.isEmpty()) {
      Files.delete(tar.file());
      draft.lastChangedNothing();
      return;
    }
    rootfs = rotate(mounted, tar);
  }

  /** Lays what has changed below a new, empty upper directory. */
  private Rootfs rotate(Rootfs mounted, StepTar tar) throws IOException {
    Path trees = Directories.make(owned.path().resolve("layers"));
    Path target = trees.resolve(Integer.toString(sealed.size()));
    discard(target); // of a seal that failed
    Sealed one = new Sealed(tar, target.resolve("upper"));
    sealed.add(one);
    try {
      if (unpacked) {
        save(); // whoever opens it finds the tree there, or the changes to make it of
      }
      rootfs = null;
      mounted.seal(target);
    } catch (RuntimeException e) {
      sealed.remove(one);
      throw e instanceof OperationException failed
          ? FullDisk.explained(failed, "cannot make a step a layer in " + directory())
          : e;
    }
    return remount();
  }

  private void discard(Path tree) {
    if (Files.exists(tree)) {
      session.runtime().get().delete(tree);
    }
  }

  /**
   * What places the entries of a copy.
   *
   * @param owner who owns them, as in {@link CopyOptions#owner}; null or empty for root
   */
  DestinationSink destination(
      RootView root, EntrySink out, boolean layer, @Nullable String owner, @Nullable Integer mode) {
    UserDatabase.Owner user =
        owner == null || owner.isEmpty()
            ? UserDatabase.Owner.ROOT
            : UserDatabase.of(root).owning(owner);
    return new DestinationSink(root, out, layer, user.uid(), user.gid(), mode, session.now());
  }

  public StoredImage commit(CommitOptions options, List<String> names) {
    names.forEach(session.registries()::prepare);
    return Io.run(
        "cannot commit container " + label(), () -> new Committer(this).commit(options, names));
  }

  /** Writes the draft beside a named container's files, for whoever opens it later. */
  void save() {
    if (owned.name() != null) {
      Io.run("cannot save container " + label(), () -> record(false));
    }
  }

  private boolean record(boolean synced) throws IOException {
    new ContainerRecord(
            draft.image(),
            draft.annotations(),
            base == null ? null : base.descriptor().digest(),
            SyncJournal.boot(),
            synced,
            draft.cmdSet(),
            perStep,
            unpacked,
            pending.steps().stream().map(StepTar::recorded).toList(),
            sealed.stream().map(one -> one.tar().recorded()).toList(),
            draft.steps(),
            draft.comment(),
            draft.created())
        .write(owned.path(), session.store());
    return true;
  }

  /** Opens a named container as its record tells, and mounts it if it was mounted. */
  static ContainerFiles open(Session session, Containers.Owned owned) throws IOException {
    Path directory = owned.path();
    String trouble = ContainerRecord.trouble(directory);
    if (trouble != null) {
      throw new OperationException(trouble + ": begin again; maintenance().repair() removes it");
    }
    ContainerRecord record = ContainerRecord.read(directory);
    Digest image = owned.image();
    if (image == null && record.base() != null) {
      throw new OperationException(
          "it is not written down any more that container "
              + owned.name()
              + " began from "
              + record.base()
              + ": maintenance().repair() mends it");
    }
    StoredImage base = image == null ? null : session.store().images().base(image);
    ContainerFiles files =
        new ContainerFiles(session, owned, base, Draft.of(record, session.clock()));
    for (ContainerRecord.Tar each : record.sealed()) {
      Path tree = directory.resolve("layers").resolve(files.sealed.size() + "/upper");
      files.sealed.add(new Sealed(StepTar.reopen(directory, each), tree));
    }
    for (ContainerRecord.Tar each : record.pending()) {
      files.pending.reopen(StepTar.reopen(directory, each));
    }
    files.perStep = record.layerPerStep();
    files.unpacked = record.mounted();
    files.reopen();
    return files;
  }

  /** A named container that is closed outlives a crash of the machine. */
  private void keep() {
    if (owned.name() != null) {
      Io.run(
          "cannot write the files of container " + label() + " to the disk",
          () -> {
            sync();
            return record(true);
          });
    }
  }

  private void sync() throws IOException {
    if (unpacked) {
      session.runtime().get().sync(owned.path());
      return;
    }
    for (StepTar step : pending.steps()) {
      DurableFiles.sync(step.file());
      DurableFiles.sync(Directories.parent(step.file()));
    }
  }

  /** Mounts again what was mounted when it was closed, or its JVM killed. */
  private void reopen() {
    save(); // what is on the disk is no longer all
    Io.run(
        "cannot mount the root filesystem of container " + label(),
        () -> {
          if (unpacked) {
            finishSeal();
            rootfs = remount();
          } else {
            discardUnpacked();
          }
          removeTars();
          return true;
        });
  }

  /** The step that a JVM was killed over, once it was in the record. */
  private void finishSeal() throws IOException {
    if (sealed.isEmpty()) {
      return;
    }
    Sealed last = sealed.get(sealed.size() - 1);
    Path target = Directories.parent(last.tree());
    if (!Files.exists(target)) {
      sealed.remove(last);
      Rootfs before = remount();
      before.seal(target);
      sealed.add(last);
    }
  }

  /** What a JVM had unpacked of the copies when it was killed: they are all still there. */
  private void discardUnpacked() throws IOException {
    discard(owned.path().resolve("changes"));
    for (Path tree : Directories.list(owned.path().resolve("layers"))) {
      discard(tree);
    }
  }

  /** Tars that the record no longer tells of, or did not yet. */
  private void removeTars() throws IOException {
    List<Path> known = new ArrayList<>();
    pending.steps().forEach(step -> known.add(step.file()));
    sealed.forEach(one -> known.add(one.tar().file()));
    for (Path each : Directories.list(owned.path().resolve("steps"))) {
      if (!known.contains(each)) {
        Files.delete(each);
      }
    }
  }

  Path directory() {
    return owned.path();
  }

  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    Uninterrupted.run(this::closeNow);
  }

  private void closeNow() {
    EachOf.run(
        this::save,
        this::unmount,
        this::keep,
        () ->
            Io.run(
                "cannot close container " + label(),
                () -> {
                  owned.close();
                  return true;
                }),
        () -> session.closed(this));
  }

  public void remove() {
    closed = true;
    Uninterrupted.run(this::removeNow);
  }

  private void removeNow() {
    EachOf.run(
        this::unmount,
        () ->
            Io.run(
                "cannot remove container " + label(),
                () -> {
                  owned.delete();
                  return true;
                }),
        () -> session.closed(this));
  }

  private void unmount() {
    Rootfs mounted = rootfs;
    rootfs = null;
    if (mounted != null) {
      mounted.close();
    }
  }
}

package dev.cooper.transfer;

import dev.cooper.image.CopyImageOptions;
import dev.cooper.image.PushOptions;
import dev.cooper.image.SaveOptions;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Index;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.Platform;
import dev.cooper.oci.layout.ContentReader;
import dev.cooper.oci.layout.ContentWriter;
import dev.cooper.oci.layout.DockerArchive;
import dev.cooper.oci.layout.ImageNames;
import dev.cooper.oci.layout.Layouts;
import dev.cooper.oci.layout.OciArchive;
import dev.cooper.oci.layout.OciLayout;
import dev.cooper.store.GivenNames;
import dev.cooper.store.ImageFinder;
import dev.cooper.store.Store;
import dev.cooper.store.StoredImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Copies an image from one place to another, as {@code skopeo copy} does.
 *
 * <p>Between registries, layouts and OCI archives its bytes stay as they are and need not pass
 * through the store. What a Docker archive or a daemon takes is made of an image of the store.
 */
public final class ImageCopy {
  private final Store store;
  private final ImageFinder finder;
  private final Registries registries;
  private final Consumer<String> notices;
  private final CopyImageOptions options;
  private final Platform platform;

  public ImageCopy(
      ImageFinder finder,
      Registries registries,
      CopyImageOptions options,
      Consumer<String> notices) {
    this.store = finder.store();
    this.finder = finder;
    this.registries = registries;
    this.notices = notices;
    this.options = options;
    this.platform = options.platform() == null ? Platform.current() : options.platform();
  }

  public void copy(ImagePlace from, ImagePlace to) throws IOException {
    if (options.all() && (to instanceof ImagePlace.Stored || needsPlainLayers(to))) {
      throw new OperationException(
          "cannot copy everything there: the store, a Docker archive and a Docker daemon hold an"
              + " image of one platform: choose it with platform(...), or copy to a registry, a"
              + " layout or an OCI archive");
    }
    if (to instanceof ImagePlace.Stored stored) {
      bring(from, GivenNames.parse(stored.name()));
    } else if (from instanceof ImagePlace.Stored stored) {
      write(stored(stored), to);
    } else if (from instanceof ImagePlace.Daemon || needsPlainLayers(to)) {
      through(from, to);
    } else {
      asItIs(from, to);
    }
  }

  private static boolean needsPlainLayers(ImagePlace to) {
    return to instanceof ImagePlace.Daemon
        || to instanceof ImagePlace.File file && file.kind() == ImagePlace.Kind.DOCKER_ARCHIVE;
  }

  // --- to the store, and from it

  /** Brings an image into the store, by a name or without. */
  StoredImage bring(ImagePlace from, @Nullable ImageReference as) throws IOException {
    return bring(from, as, new ImageImport(store, null, notices));
  }

  /** Brings an image that only a working container will hold. */
  public StoredImage bringLoose(ImagePlace from) throws IOException {
    return bring(from, null, ImageImport.loose(store, notices));
  }

  private StoredImage bring(ImagePlace from, @Nullable ImageReference as, ImageImport importer)
      throws IOException {
    if (from instanceof ImagePlace.File file) {
      file.requireThere();
      return importer.one(file.path(), file.name(), platform, as);
    }
    if (from instanceof ImagePlace.Registry registry) {
      try (ContentReader reader = registries.client().open(registry.reference())) {
        return importer.one(reader, reader.index().manifests().get(0), platform, as);
      }
    }
    if (from instanceof ImagePlace.Daemon daemon) {
      Path temporary = store.temporary();
      try {
        Path archive = temporary.resolve("image.tar");
        daemon().save(daemon.reference(), archive, store.limits());
        return importer.one(archive, null, platform, as);
      } finally {
        store.deleteTree(temporary);
      }
    }
    StoredImage image = stored((ImagePlace.Stored) from);
    return as == null ? image : store.tag(image, as);
  }

  private StoredImage stored(ImagePlace.Stored from) {
    return finder.image(from.name(), options.platform());
  }

  /** By an image in the store that is only there meanwhile, if it was not there before. */
  private void through(ImagePlace from, ImagePlace to) throws IOException {
    Set<Digest> before = new HashSet<>();
    store.list().forEach(each -> before.add(each.descriptor().digest()));
    StoredImage image = bring(from, null);
    try {
      write(image, to);
    } finally {
      if (!before.contains(image.descriptor().digest())) {
        store.removeUnnamed(image);
      }
    }
  }

  private DockerDaemon daemon() {
    return DockerDaemon.of(System.getenv("DOCKER_HOST"), store.progress());
  }

  private void write(StoredImage image, ImagePlace to) throws IOException {
    if (to instanceof ImagePlace.Registry registry) {
      registries.push(image, registry.reference(), PushOptions.DEFAULT);
    } else if (to instanceof ImagePlace.Daemon daemon) {
      Path temporary = store.temporary();
      try {
        Path archive = temporary.resolve("image.tar");
        save(image, daemon.reference(), archive);
        daemon().load(archive);
      } finally {
        store.deleteTree(temporary);
      }
    } else if (to instanceof ImagePlace.File file) {
      String own = image.names().isEmpty() ? null : image.names().get(0).toString();
      write(
          file,
          file.name() == null ? own : file.name(),
          writer -> new ImageSaver(store, how(file.kind()), notices).add(image, writer));
    }
  }

  private static SaveOptions how(ImagePlace.Kind kind) {
    return switch (kind) {
      case LAYOUT -> SaveOptions.ociLayout();
      case OCI_ARCHIVE -> SaveOptions.ociArchive();
      case DOCKER_ARCHIVE -> SaveOptions.dockerArchive();
    };
  }

  private void save(StoredImage image, String name, Path archive) throws IOException {
    write(
        new ImagePlace.File(ImagePlace.Kind.DOCKER_ARCHIVE, archive, name),
        name,
        writer -> new ImageSaver(store, SaveOptions.dockerArchive(), notices).add(image, writer));
  }

  // --- past the store

  private void asItIs(ImagePlace from, ImagePlace to) throws IOException {
    Path temporary = store.temporary();
    try (ContentReader reader = open(from, temporary)) {
      Descriptor entry = entry(reader, from);
      Descriptor root = options.all() ? entry : ImageImport.manifest(reader, entry, platform, 0);
      if (to instanceof ImagePlace.Registry registry) {
        ImagePush.requireDigest(registry.reference(), root.digest());
        new RegistryCopy(
                reader, registries.client().writer(registry.reference()), mountable(from, to))
            .copy(root, registry.reference().tag());
      } else if (to instanceof ImagePlace.File file) {
        write(
            file,
            named(from, file, entry),
            writer -> {
              Layouts.add(reader, writer, root);
              return root;
            });
      }
    } finally {
      store.deleteTree(temporary);
    }
  }

  private ContentReader open(ImagePlace from, Path temporary) throws IOException {
    if (from instanceof ImagePlace.Registry registry) {
      return registries.client().open(registry.reference());
    }
    return ImagePlaces.open(((ImagePlace.File) from).path(), temporary, store);
  }

  private static Descriptor entry(ContentReader reader, ImagePlace from) {
    return from instanceof ImagePlace.File file
        ? ImageImport.choose(reader.index(), file.name(), file.path())
        : reader.index().manifests().get(0);
  }

  /** The source's repository, if it is in the registry that is written to. */
  private static List<String> mountable(ImagePlace from, ImagePlace to) {
    return from instanceof ImagePlace.Registry source
            && to instanceof ImagePlace.Registry target
            && source.reference().registry().equals(target.reference().registry())
            && !source.reference().repository().equals(target.reference().repository())
        ? List.of(source.reference().repository())
        : List.of();
  }

  private static @Nullable String named(ImagePlace from, ImagePlace.File to, Descriptor entry) {
    if (to.name() != null) {
      return to.name();
    }
    return from instanceof ImagePlace.Registry registry
        ? registry.reference().toString()
        : entry.annotations().get(ImageNames.REF_NAME);
  }

  // --- files and directories

  /** Adds an image's blobs to a place, and gives its manifest or index. */
  private interface Content {
    Descriptor add(ContentWriter writer) throws IOException;
  }

  /** Writes an archive, or a layout, beside what is in it already. */
  private static void write(ImagePlace.File to, @Nullable String name, Content content)
      throws IOException {
    List<Descriptor> others = new ArrayList<>();
    if (to.kind() != ImagePlace.Kind.LAYOUT && Files.exists(to.path())) {
      throw new OperationException(to.path() + " is there already: remove it, or choose another");
    }
    if (to.kind() == ImagePlace.Kind.LAYOUT && Files.exists(to.path().resolve("index.json"))) {
      try (OciLayout layout = OciLayout.open(to.path())) {
        others.addAll(layout.index().manifests());
      }
    }
    try (ContentWriter writer = writer(to)) {
      Descriptor bare = content.add(writer).withAnnotations(Map.of());
      others.removeIf(
          each ->
              Objects.equals(name, each.annotations().get(ImageNames.REF_NAME))
                  && (name != null || each.digest().equals(bare.digest())));
      others.add(name == null ? bare : called(bare, name, to.kind()));
      writer.commit(Index.of(others));
    }
  }

  private static ContentWriter writer(ImagePlace.File to) throws IOException {
    return switch (to.kind()) {
      case LAYOUT -> OciLayout.create(to.path());
      case OCI_ARCHIVE -> OciArchive.create(to.path());
      case DOCKER_ARCHIVE -> DockerArchive.create(to.path());
    };
  }

  /** In a layout any text is a name, as skopeo has it; Docker's are whole references. */
  private static Descriptor called(Descriptor bare, String name, ImagePlace.Kind kind) {
    return kind == ImagePlace.Kind.DOCKER_ARCHIVE
        ? ImageNames.named(bare, ImageReference.parse(name))
        : bare.withAnnotation(ImageNames.REF_NAME, name);
  }
}

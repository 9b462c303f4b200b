package dev.cooper;

import dev.cooper.container.Copies;
import dev.cooper.container.Session;
import dev.cooper.error.ContainerNotFoundException;
import dev.cooper.error.ImageNotFoundException;
import dev.cooper.event.BuildListener;
import dev.cooper.image.CopyImageOptions;
import dev.cooper.image.PullOptions;
import dev.cooper.image.PushOptions;
import dev.cooper.image.SaveOptions;
import dev.cooper.io.Io;
import dev.cooper.maintenance.ContainerInfo;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Index;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.Platform;
import dev.cooper.oci.registry.RegistryClient;
import dev.cooper.store.StoredImage;
import dev.cooper.text.Given;
import dev.cooper.transfer.ImageImport;
import dev.cooper.transfer.ImagePlace;
import dev.cooper.transfer.ImagePlaces;
import dev.cooper.transfer.RootfsImport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A store of images and working containers, and what runs commands in them.
 *
 * <p>Thread-safe; several may be open on one store, in one JVM or many. Closing it closes its
 * containers and ends their processes.
 */
public final class Cooper implements AutoCloseable {
  private static @Nullable Cooper shared;

  private final Session session;

  Cooper(Session session) {
    this.session = session;
  }

  /**
   * Settings to open a store with.
   *
   * @return the defaults, to be changed
   */
  public static CooperBuilder builder() {
    return new CooperBuilder();
  }

  /**
   * Looks at what this host can do, as a doctor would: what Cooper needs of it, and which
   * isolations work here. Opens no store, and leaves nothing behind.
   *
   * @return to be printed: a line for each finding, with a remedy for what is missing
   */
  public static HostReport probe() {
    return builder().probe();
  }

  /**
   * The one that {@link Builder} uses: with the settings of {@link #builder}, and progress shown
   * where somebody sits at a terminal.
   *
   * @return closed when the JVM ends; another one if it was closed before
   */
  public static synchronized Cooper shared() {
    Cooper known = shared;
    if (known == null || known.session.isClosed()) {
      CooperBuilder settings = builder();
      BuildListener.terminal().ifPresent(settings::listener);
      known = settings.build();
      shared = known;
      Runtime.getRuntime().addShutdownHook(new Thread(known::close, "cooper-close"));
    }
    return known;
  }

  // --- beginning

  /**
   * Begins from an image.
   *
   * @param image {@code scratch}; a reference such as {@code debian:12}, which is pulled if the
   *     store lacks it, or an id of the store; or a place: {@code docker://REFERENCE}, {@code
   *     docker-daemon:NAME}, {@code oci:DIRECTORY[:NAME]}, {@code oci-archive:FILE}, {@code
   *     docker-archive:FILE} or {@code rootfs:TARBALL-OR-DIRECTORY}. What a file, a directory or a
   *     daemon gives goes with the container, as in {@link #from(Path)}
   * @return a container of the caller's own
   * @throws dev.cooper.oci.registry.RegistryException if no registry gives it
   * @throws ImageNotFoundException if there is none, and pulling is not allowed
   */
  public WorkingContainer from(String image) {
    Objects.requireNonNull(image, "image");
    return begin(image, null);
  }

  /**
   * Begins from an image for another platform than this machine's. Its commands run only where the
   * host can run that platform's programs.
   *
   * @param image as in {@link #from(String)}
   * @param platform such as {@code Platform.parse("linux/arm64")}
   * @return a container of the caller's own
   * @throws dev.cooper.oci.registry.RegistryException if no registry gives it
   * @throws ImageNotFoundException if there is none, and pulling is not allowed
   */
  public WorkingContainer from(String image, Platform platform) {
    Objects.requireNonNull(image, "image");
    Objects.requireNonNull(platform, "platform");
    return begin(image, platform);
  }

  /**
   * Begins from an image that is pulled as options say.
   *
   * @param image a reference such as {@code debian:12}, or an id of the store
   * @param options such as {@code PullOptions.DEFAULT.policy(PullPolicy.ALWAYS)}
   * @return a container of the caller's own
   * @throws dev.cooper.oci.registry.RegistryException if no registry gives it
   * @throws ImageNotFoundException if there is none, and pulling is not allowed
   */
  public WorkingContainer from(String image, PullOptions options) {
    return from(pull(image, options));
  }

  private WorkingContainer begin(String image, @Nullable Platform platform) {
    if (image.equals("scratch")) {
      WorkingContainer scratch = scratch();
      return platform == null ? scratch : scratch.platform(platform);
    }
    int colon = image.indexOf(':');
    String place = colon < 0 ? "" : image.substring(0, colon);
    String rest = image.substring(colon + 1);
    return switch (place) {
      case "oci", "oci-archive", "docker-archive", "docker-daemon" -> brought(image, platform);
      case "rootfs" -> rooted(Path.of(rest), platform);
      default -> {
        session.registries().prepare(image);
        yield from(pull(image, new PullOptions(null, platform, false)));
      }
    };
  }

  private WorkingContainer brought(String place, @Nullable Platform platform) {
    CopyImageOptions options = new CopyImageOptions(false, platform);
    return new WorkingContainer(
        session.beginHolding(
            "cannot get " + place,
            () -> session.copying(options).bringLoose(ImagePlace.parse(place))));
  }

  private WorkingContainer rooted(Path path, @Nullable Platform platform) {
    return new WorkingContainer(
        session.beginHolding(
            "cannot begin from " + path,
            () ->
                root(
                    path,
                    RootfsImport.loose(
                        session.store(),
                        platform == null ? Platform.current() : platform,
                        session.sourceDate()))));
  }

  /**
   * Begins from a file or directory of the host.
   *
   * <p>What is brought into the store for it is this container's alone: no list of images has it,
   * it takes no names from the archive, and it goes with the container, a named one's once that is
   * removed. For an image to keep there are {@link #load} and {@link #importRoot}.
   *
   * @param path an OCI layout, an OCI or Docker archive, a root filesystem's tarball (plain or
   *     compressed) or directory
   * @return a container of the caller's own
   */
  public WorkingContainer from(Path path) {
    Objects.requireNonNull(path, "path");
    if (!ImagePlaces.isImage(path, session.store())) {
      return rooted(path, null);
    }
    return new WorkingContainer(
        session.beginHolding(
            "cannot load " + path,
            () ->
                ImageImport.loose(session.store(), session::notice)
                    .one(path, null, Platform.current(), null)));
  }

  /**
   * Begins from an image that was built or found before.
   *
   * @param image of this store
   * @return a container of the caller's own
   */
  public WorkingContainer from(Image image) {
    Objects.requireNonNull(image, "image");
    return new WorkingContainer(session.begin(image.stored(session, "cannot begin from image ")));
  }

  /**
   * Begins with nothing.
   *
   * @return a container of the caller's own, with an empty root
   */
  public WorkingContainer scratch() {
    return new WorkingContainer(session.begin(null));
  }

  // --- containers

  /**
   * The working containers of the store, of this JVM and others.
   *
   * @return in no order
   */
  public List<ContainerInfo> containers() {
    session.requireOpen();
    return Io.run(
        "cannot list the working containers",
        () ->
            session.store().containers().list().stream()
                .map(
                    entry ->
                        new ContainerInfo(
                            entry.id(),
                            entry.name(),
                            entry.image() == null ? null : entry.image().toString()))
                .toList());
  }

  /**
   * Opens a working container that was named, here or in another JVM, and closed since.
   *
   * @param name its name
   * @return the container as it was
   * @throws ContainerNotFoundException if there is none
   * @throws OperationException if it is open elsewhere
   */
  public WorkingContainer container(String name) {
    Objects.requireNonNull(name, "name");
    return new WorkingContainer(session.reopen(name));
  }

  // --- images

  /**
   * Finds an image of the store.
   *
   * @param nameOrId a reference such as {@code app:1.0}, which stands for this machine's platform,
   *     or the beginning of an id
   * @return the image
   * @throws ImageNotFoundException if there is none, saying for which other platforms there is one
   */
  public Image image(String nameOrId) {
    Objects.requireNonNull(nameOrId, "nameOrId");
    return new Image(session, session.image(nameOrId, null));
  }

  /**
   * Finds an image of the store for another platform than this machine's.
   *
   * @param nameOrId a reference such as {@code app:1.0}, or the beginning of an id
   * @param platform such as {@code Platform.parse("linux/arm64")}
   * @return the image
   * @throws ImageNotFoundException if there is none, saying for which platforms there is one
   */
  public Image image(String nameOrId, Platform platform) {
    Objects.requireNonNull(nameOrId, "nameOrId");
    Objects.requireNonNull(platform, "platform");
    return new Image(session, session.image(nameOrId, platform));
  }

  /**
   * Finds an image of the store, if it is there.
   *
   * @param nameOrId a reference such as {@code app:1.0}, which stands for this machine's platform,
   *     or the beginning of an id
   * @return the image
   */
  public Optional<Image> findImage(String nameOrId) {
    Objects.requireNonNull(nameOrId, "nameOrId");
    session.requireOpen();
    return Io.run("cannot read the store", () -> session.store().find(nameOrId))
        .map(image -> new Image(session, image));
  }

  /**
   * Brings an image from a registry into the store, unless it is there.
   *
   * @param image a reference such as {@code debian:12} or {@code
   *     registry.example.com/app@sha256:…}, with or without {@code docker://} before it
   * @return the image, called by the whole name
   * @throws dev.cooper.oci.registry.RegistryException if no registry gives it
   * @throws dev.cooper.oci.ContentException if what a registry gives is not what was asked for
   */
  public Image pull(String image) {
    return pull(image, PullOptions.DEFAULT);
  }

  /**
   * Brings an image from a registry into the store.
   *
   * <p>What is there is not read again, and what several threads and JVMs pull at a time is read
   * once. An interrupt of the thread ends it.
   *
   * @param image as in {@link #pull(String)}
   * @param options when a registry is asked, for which platform, and whether it is unpacked
   * @return the image, called by the whole name
   * @throws dev.cooper.oci.registry.RegistryException if no registry gives it
   * @throws dev.cooper.oci.ContentException if what a registry gives is not what was asked for
   * @throws ImageNotFoundException if there is none, and pulling is not allowed
   */
  public Image pull(String image, PullOptions options) {
    Objects.requireNonNull(image, "image");
    Objects.requireNonNull(options, "options");
    session.requireOpen();
    return Io.run(
        "cannot pull " + image,
        () ->
            new Image(session, session.registries().pull(image, options, session.runtime()::get)));
  }

  /**
   * Copies an image from one place to another, as {@code skopeo copy} does.
   *
   * <p>A place is {@code docker://REFERENCE} in a registry, {@code oci:DIRECTORY[:NAME]}, {@code
   * oci-archive:FILE[:NAME]}, {@code docker-archive:FILE[:NAME]}, {@code docker-daemon:NAME} behind
   * the socket that {@code $DOCKER_HOST} names, or else an image of the store. Blobs stay as they
   * are where the target can hold them so.
   *
   * <p>A Docker daemon is given a minute to answer to a ping and to move some of an image, and ten
   * minutes to store an image or to put it together.
   *
   * @param from where it is
   * @param to where it shall be; a layout may be there and is added to
   * @param options which part of an index
   * @throws dev.cooper.oci.OperationException if a place refuses it, or has none
   */
  public void copy(String from, String to, CopyImageOptions options) {
    Objects.requireNonNull(from, "from");
    Objects.requireNonNull(to, "to");
    Objects.requireNonNull(options, "options");
    session.requireOpen();
    Io.run(
        "cannot copy " + from + " to " + to,
        () -> {
          session.copying(options).copy(ImagePlace.parse(from), ImagePlace.parse(to));
          return true;
        });
  }

  /**
   * Sends images of several platforms to a registry as one index, as {@code buildah manifest push}
   * does.
   *
   * @param images of this store, each for another platform
   * @param reference where to, with a tag
   * @param options how layers are compressed
   * @return the index there
   * @throws dev.cooper.oci.registry.RegistryException if the registry refuses it
   */
  public Descriptor pushIndex(List<Image> images, String reference, PushOptions options) {
    return pushIndex(images, reference, options, UnaryOperator.identity());
  }

  /**
   * Sends images of several platforms to a registry as one index, edited before, as {@code buildah
   * manifest annotate} does.
   *
   * @param images of this store, each for another platform
   * @param reference where to, with a tag
   * @param options how layers are compressed
   * @param edit gets the index with each image's platform, and gives the one that is sent
   * @return the index there
   * @throws dev.cooper.oci.registry.RegistryException if the registry refuses it
   */
  public Descriptor pushIndex(
      List<Image> images, String reference, PushOptions options, UnaryOperator<Index> edit) {
    Given.all(images, "images");
    Objects.requireNonNull(reference, "reference");
    Objects.requireNonNull(options, "options");
    Objects.requireNonNull(edit, "edit");
    session.requireOpen();
    return Io.run(
        "cannot push " + reference,
        () ->
            session
                .registries()
                .push(
                    images.stream()
                        .map(each -> each.stored(session, "cannot push image "))
                        .toList(),
                    ImageReference.parse(reference),
                    options,
                    edit));
  }

  /**
   * What speaks to registries for this one, with its settings: to look at what is there, list and
   * delete.
   *
   * @return closed with this
   */
  public RegistryClient registry() {
    session.requireOpen();
    return Io.run("cannot read the settings for registries", session.registries()::client);
  }

  /**
   * The images of the store.
   *
   * @return in no order
   */
  public List<Image> images() {
    return session.images().stream().map(image -> new Image(session, image)).toList();
  }

  /**
   * Brings the images of a layout or an archive into the store, with their names.
   *
   * @param path an OCI layout's directory, an OCI archive, or what {@code docker save} wrote
   * @return the images
   * @throws dev.cooper.oci.ContentException if it is damaged, or no image
   */
  public List<Image> load(Path path) {
    return load(path, false);
  }

  /**
   * Brings images into the store and, in the same pass, unpacks them, so that a command can run in
   * them at once.
   *
   * @param path an OCI layout's directory, an OCI archive, or what {@code docker save} wrote
   * @return the images
   * @throws dev.cooper.oci.ContentException if it is damaged, or no image
   */
  public List<Image> loadAndUnpack(Path path) {
    return load(path, true);
  }

  private List<Image> load(Path path, boolean unpack) {
    Objects.requireNonNull(path, "path");
    session.requireOpen();
    return Io.run(
        "cannot load " + path,
        () ->
            new ImageImport(
                    session.store(), unpack ? session.runtime().get() : null, session::notice)
                .all(path, Platform.current()).stream()
                    .map(image -> new Image(session, image))
                    .toList());
  }

  /**
   * Makes an image of a root filesystem.
   *
   * @param path a tarball, plain or as gz, bz2, xz or zst, or a directory
   * @return the image, without a name
   */
  public Image importRoot(Path path) {
    Objects.requireNonNull(path, "path");
    session.requireOpen();
    return Io.run(
        "cannot make an image of " + path,
        () ->
            new Image(
                session,
                root(path, new RootfsImport(session.store(), Platform.current(), session.now()))));
  }

  private StoredImage root(Path path, RootfsImport imported) throws IOException {
    Copies.requireNamed(path);
    return Files.isDirectory(path)
        ? imported.directory(path, session.runtime().find(), session::notice, null)
        : imported.tarball(path, session::notice, null);
  }

  /**
   * Writes images into one archive or layout.
   *
   * @param images of this store, one or more
   * @param path a file or directory that is not there yet
   * @param options the format and compression
   * @throws IllegalArgumentException if there are no images
   */
  public void save(List<Image> images, Path path, SaveOptions options) {
    Given.all(images, "images");
    Objects.requireNonNull(path, "path");
    Objects.requireNonNull(options, "options");
    if (images.isEmpty()) {
      throw new IllegalArgumentException(
          "cannot save to " + path + ": found no images, expected one or more");
    }
    session.save(
        images.stream().map(each -> each.stored(session, "cannot save image ")).toList(),
        path,
        options);
  }

  /**
   * Looks after the store: whether it is sound, what takes its space, and what may go.
   *
   * @return of use as long as this is open
   */
  public StoreMaintenance maintenance() {
    return new StoreMaintenance(session);
  }

  Session session() {
    return session;
  }

  /** Closes its containers, removing those without a name, and ends every process. */
  @Override
  public void close() {
    session.close();
  }

  /** Its store, and whether it is closed. */
  @Override
  public String toString() {
    return "Cooper[" + session.store().directory() + (session.isClosed() ? ", closed]" : "]");
  }
}

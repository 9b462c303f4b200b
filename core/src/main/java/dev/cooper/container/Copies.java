package dev.cooper.container;

import dev.cooper.error.SourceNotFoundException;
import dev.cooper.host.HostRuntime;
import dev.cooper.host.IgnorePatterns;
import dev.cooper.host.PortableTree;
import dev.cooper.host.TarHead;
import dev.cooper.io.Directories;
import dev.cooper.io.Io;
import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.compress.Decompression;
import dev.cooper.oci.layer.EntrySink;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.ImageBudget;
import dev.cooper.oci.layer.LayerBudget;
import dev.cooper.oci.layer.LayerPath;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.oci.layer.TarReader;
import dev.cooper.oci.layout.DurableFiles;
import dev.cooper.spi.HostNames;
import dev.cooper.spi.RootView;
import dev.cooper.spi.TreeFilter;
import dev.cooper.step.CopyOptions;
import dev.cooper.step.Source;
import dev.cooper.step.Step;
import dev.cooper.text.Paths;
import dev.cooper.transfer.Downloads;
import dev.cooper.tree.LayerPaths;
import dev.cooper.tree.LayerScan;
import dev.cooper.tree.PathResolver;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Copies files into a working container: the rules of the Dockerfile's COPY and ADD for where they
 * go.
 */
public final class Copies {
  private final ContainerFiles files;

  Copies(ContainerFiles files) {
    this.files = files;
  }

  /**
   * Where a copy goes: whether its destination is a directory to put things into, and its canonical
   * path.
   */
  private record Target(ByteString path, boolean directory) {}

  private Target target(RootView root, String destination, boolean several) {
    String absolute = Paths.absolute(files.draft().workdir(), destination);
    PathResolver.Resolved place =
        PathResolver.resolve(root, ByteString.utf8(absolute.substring(1)));
    TarEntry there = place.entry();
    boolean exists =
        (there != null && there.type() == EntryType.DIRECTORY) || place.path().isEmpty();
    return new Target(
        place.path(),
        exists
            || several
            || destination.endsWith("/")
            || destination.endsWith("/.")
            || destination.equals("."));
  }

  /**
   * As with the Dockerfile's {@code --checksum}, which only a download can have: one that nobody
   * checks would be worse than none.
   */
  private static void requireNoChecksum(Object source, CopyOptions options) {
    if (options.checksum() != null) {
      throw new IllegalArgumentException(
          "the checksum "
              + options.checksum()
              + " is given for "
              + source
              + ", and only what add(URI, …) downloads is checked: leave it out");
    }
  }

  /** Copies files of the host, and what its directories hold: one step, whatever their number. */
  void copy(Step.Copy step, String text) {
    List<Path> sources = new ArrayList<>();
    for (Source each : step.sources()) {
      if (!(each instanceof Source.Host host)) {
        throw new IllegalArgumentException(
            "cannot copy " + each + ": only files of the host are copied together");
      }
      sources.add(host.path());
    }
    requireNoChecksum(sources, step.options());
    List<Part> parts = sources.stream().map(each -> host(each, step.options())).toList();
    copy(text, parts, step.destination(), step.options());
  }

  /** A source that is ready: what writes it into the place that it takes. */
  private interface Part {
    void write(RootView root, DestinationSink sink, Target target) throws IOException;
  }

  private Part host(Path source, CopyOptions options) {
    requireSource(source);
    TreeFilter filter = withoutStore(source, filter(options));
    return (root, sink, target) -> {
      boolean itself = Files.isDirectory(source) || !target.directory();
      sink.to(itself ? target.path() : inside(target.path(), source));
      HostRuntime.HostTree host = files.session().runtime().host();
      host.readHost(source, filter, sink, files::notice);
    };
  }

  private void copy(String description, List<Part> parts, String destination, CopyOptions options) {
    change(
        description,
        options,
        (root, sink) -> {
          Target target = target(root, destination, parts.size() > 1);
          for (Part each : parts) {
            each.write(root, sink, target);
          }
        });
  }

  private static void requireSource(Path source) {
    requireNamed(source);
    try {
      Files.readAttributes(source, BasicFileAttributes.class);
    } catch (NoSuchFileException e) {
      throw new SourceNotFoundException("cannot copy " + source + ": it " + missing(source), e);
    } catch (IOException e) {
      throw PortableTree.unreadable(source, e);
    }
  }

  private static String missing(Path source) {
    if (Files.isSymbolicLink(source)) {
      Path target = Io.run("cannot read " + source, () -> Files.readSymbolicLink(source));
      return "is a link to " + target + ", where nothing is: remove it, or leave it out";
    }
    return "does not exist" + (source.isAbsolute() ? "" : " in " + Path.of("").toAbsolutePath());
  }

  private static ByteString inside(ByteString directory, Path source) {
    ByteString name = LayerPath.name(HostNames.bytes(source.toAbsolutePath().normalize()));
    if (name.isEmpty()) {
      throw new IllegalArgumentException(source + " has no name to copy it under");
    }
    return LayerPath.join(directory, name);
  }

  /** The store grows while it is copied, and is nothing that an image wants. */
  private TreeFilter withoutStore(Path source, TreeFilter filter) {
    Path store = files.session().store().directory();
    Path real = Io.run("cannot copy " + source, source::toRealPath);
    if (!store.startsWith(real)) {
      return filter;
    }
    ByteString skipped = ByteString.utf8(real.relativize(store).toString());
    return (path, directory) -> {
      if (!path.equals(skipped)) {
        return filter.choose(path, directory);
      }
      files.notice("the store " + store + " lies in what is copied, and was left out");
      return TreeFilter.Choice.SKIP;
    };
  }

  private static TreeFilter filter(CopyOptions options) {
    List<String> patterns = new ArrayList<>();
    if (options.ignoreFile() != null) {
      patterns.addAll(IgnorePatterns.read(options.ignoreFile()));
    }
    patterns.addAll(options.excludes());
    return patterns.isEmpty() ? TreeFilter.ALL : IgnorePatterns.of(patterns);
  }

  /** Copies out of another container's root. */
  void copyFrom(Step.Copy step, String text, String source, ContainerFiles from) {
    String destination = step.destination();
    CopyOptions options = step.options();
    requireNoChecksum(source + " of container " + from.label(), options);
    String absolute = Paths.absolute("/", source);
    PathResolver.Resolved found =
        PathResolver.resolve(from.mounted(), ByteString.utf8(absolute.substring(1)));
    TarEntry entry = found.entry();
    if (entry == null && !found.path().isEmpty()) {
      throw new SourceNotFoundException(
          "cannot copy "
              + source
              + " from container "
              + from.label()
              + ": it does not exist there");
    }
    TreeFilter filter = filter(options);
    change(
        text,
        options,
        (root, sink) -> {
          Target target = target(root, destination, false);
          boolean directory = entry == null || entry.type() == EntryType.DIRECTORY;
          // A link's copy has the name of the link, not of what it leads to.
          ByteString name = LayerPath.name(ByteString.utf8(absolute));
          ByteString place =
              directory || !target.directory()
                  ? target.path()
                  : LayerPath.join(target.path(), name);
          if (options.owner() == null) {
            sink.keepingOwners();
          }
          from.mounted().readTree(found.path(), filter, sink.to(place));
        });
  }

  /** Adds files, directories, downloads and what archives hold: one step. */
  void add(Step.Add step, String text) {
    boolean downloads = step.sources().stream().anyMatch(Source.Url.class::isInstance);
    if (!downloads) {
      requireNoChecksum(step.sources(), step.options());
      add(step, text, null);
      return;
    }
    Path directory =
        Io.run("cannot make a place for a download", () -> files.session().store().temporary());
    try {
      add(step, text, directory);
    } finally {
      Io.run(
          "cannot remove a download",
          () -> {
            DurableFiles.deleteTree(directory);
            return true;
          });
    }
  }

  private void add(Step.Add step, String text, @Nullable Path downloads) {
    CopyOptions options = step.options();
    List<Part> parts = new ArrayList<>();
    for (Source each : step.sources()) {
      if (each instanceof Source.Url url && downloads != null) {
        Path place = downloads.resolve(Integer.toString(parts.size()));
        parts.add(downloaded(url.url(), place, step));
      } else if (each instanceof Source.Host host) {
        parts.add(added(host.path(), options));
      } else {
        throw new IllegalArgumentException(
            "cannot add " + each + ": expected a file of the host or a URL");
      }
    }
    copy(text, parts, step.destination(), options);
  }

  private Part added(Path source, CopyOptions options) {
    if (!Files.isRegularFile(source) || !options.unpack() || !TarHead.isTar(source)) {
      return host(source, options);
    }
    return (root, sink, target) ->
        unpack(
            source,
            target.path(),
            (options.owner() == null ? sink.keepingOwners() : sink).unpacking());
  }

  /** What a URL names; it goes under the URL's name where the destination is a directory. */
  private Part downloaded(URI url, Path place, Step.Add step) {
    CopyOptions options = step.options();
    Session session = files.session();
    boolean into = target(files.view(), step.destination(), step.sources().size() > 1).directory();
    Path file = place.resolve(into ? Downloads.name(url) : "download");
    Io.run("cannot make a place for a download", () -> Directories.make(place));
    Downloads.fetch(
        url, file, options.checksum(), session.store().limits(), session.registries()::client);
    if (options.mode() == null) {
      Io.run("cannot set the mode of a download", () -> makePrivate(file));
    }
    return host(file, options);
  }

  private static Path makePrivate(Path file) throws IOException {
    return file.getFileSystem().supportedFileAttributeViews().contains("posix")
        ? Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"))
        : file;
  }

  private void unpack(Path source, ByteString directory, DestinationSink sink) throws IOException {
    LayerBudget budget = ImageBudget.of(files.session().store().limits()).layer(Files.size(source));
    try (TarReader reader =
        TarReader.over(Decompression.open(Files.newInputStream(source)), budget)) {
      LayerScan.pump(reader, new NormalizingSink(sink.to(directory), new LayerPaths()));
    }
  }

  /** Writes a file out of memory. */
  void write(Step.Write step, String text) {
    String destination = step.destination();
    byte[] bytes = step.content().content().toBytes();
    CopyOptions options = step.options();
    requireNoChecksum("the text or bytes for " + destination, options);
    if (destination.endsWith("/")) {
      throw new IllegalArgumentException(
          "\"" + destination + "\" names a directory, and what is written needs a file's name");
    }
    change(
        text,
        options,
        (root, sink) -> {
          sink.to(fileAt(root, destination));
          sink.begin(
              TarEntry.file(ByteString.EMPTY, 0644, bytes.length)
                  .withMtime(files.session().now().getEpochSecond(), 0));
          sink.write(bytes, 0, bytes.length);
          sink.end();
        });
  }

  private ByteString fileAt(RootView root, String destination) {
    String absolute = Paths.absolute(files.draft().workdir(), destination);
    PathResolver.Resolved place =
        PathResolver.resolve(root, ByteString.utf8(absolute.substring(1)));
    TarEntry there = place.entry();
    if (there != null && there.type() == EntryType.DIRECTORY) {
      throw new OperationException(
          "cannot write "
              + destination
              + ": it is a directory in the container: name a file in it, or remove it first");
    }
    return place.path();
  }

  private interface Writer {
    void write(RootView root, DestinationSink sink) throws IOException;
  }

  private void change(String description, CopyOptions options, Writer writer) {
    files.change(
        description,
        (root, out, layer) ->
            writer.write(
                root, files.destination(root, out, layer, options.owner(), options.mode())));
  }

  /** An archive's names made canonical before they are placed: nothing in it may point outside. */
  private record NormalizingSink(DestinationSink out, LayerPaths paths) implements EntrySink {
    @Override
    public void begin(TarEntry entry) throws IOException {
      ByteString path = LayerPath.normalize(entry.path());
      paths.add(entry, path);
      out.begin(entry.withPath(path));
    }

    @Override
    public void write(byte[] source, int offset, int length) throws IOException {
      out.write(source, offset, length);
    }

    @Override
    public void end() throws IOException {
      out.end();
    }
  }

  /** An empty path is the working directory, which nobody means who says nothing. */
  public static void requireNamed(Path path) {
    if (path.toString().isEmpty()) {
      throw new IllegalArgumentException("found an empty path: say \".\" for this directory");
    }
  }
}

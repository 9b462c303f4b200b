package dev.cooper.container;

import dev.cooper.error.SourceNotFoundException;
import dev.cooper.host.HostRuntime;
import dev.cooper.host.IgnorePatterns;
import dev.cooper.host.PortableTree;
import dev.cooper.host.TarHead;
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
import java.util.ArrayList;
import java.util.List;

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
   * A copy as the history says it: a source with the path that was given, if that is a relative
   * one, else a file with its name and a directory as "{@code .}". So an image does not depend on
   * where its sources lay.
   */
  public static String describe(String instruction, List<Path> sources, String destination) {
    List<String> words = new ArrayList<>(List.of(instruction));
    for (Path source : sources) {
      words.add(described(source));
    }
    words.add(destination);
    return String.join(" ", words);
  }

  private static String described(Path source) {
    if (source.isAbsolute()) {
      Path name = source.getFileName();
      return name == null || Files.isDirectory(source) ? "." : name.toString();
    }
    List<String> parts = new ArrayList<>();
    for (Path each : source.normalize()) {
      String part = each.toString();
      if (!part.isEmpty() && !part.equals("..")) { // as a Dockerfile's context has no outside
        parts.add(part);
      }
    }
    return parts.isEmpty() ? "." : String.join("/", parts);
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
  public void copy(List<Path> sources, String destination, CopyOptions options) {
    requireNoChecksum(sources, options);
    if (sources.isEmpty()) {
      throw new IllegalArgumentException(
          "cannot copy to " + destination + ": found no sources, expected at least one");
    }
    sources.forEach(Copies::requireSource);
    copy(describe("COPY", sources, destination), sources, destination, options);
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

  private void copy(
      String description, List<Path> sources, String destination, CopyOptions options) {
    List<TreeFilter> filters = new ArrayList<>();
    for (Path source : sources) {
      filters.add(withoutStore(source, filter(options)));
    }
    change(
        description,
        options,
        (root, sink) -> {
          Target target = target(root, destination, sources.size() > 1);
          for (int i = 0; i < sources.size(); i++) {
            Path source = sources.get(i);
            boolean itself = Files.isDirectory(source) || !target.directory();
            sink.to(itself ? target.path() : inside(target.path(), source));
            HostRuntime.HostTree host = files.session().runtime().host();
            host.readHost(source, filters.get(i), sink, files::notice);
          }
        });
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
  public void copyFrom(
      ContainerFiles from, String source, String destination, CopyOptions options) {
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
        "COPY " + source + " " + destination,
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

  /** Adds a file or directory, or what an archive holds. */
  public void add(Path source, String destination, CopyOptions options) {
    requireNoChecksum(source, options);
    if (Files.isRegularFile(source) && options.unpack() && TarHead.isTar(source)) {
      change(
          describe("ADD", List.of(source), destination),
          options,
          (root, sink) ->
              unpack(
                  source,
                  target(root, destination, true).path(),
                  (options.owner() == null ? sink.keepingOwners() : sink).unpacking()));
    } else {
      requireSource(source);
      List<Path> sources = List.of(source);
      copy(describe("ADD", sources, destination), sources, destination, options);
    }
  }

  private void unpack(Path source, ByteString directory, DestinationSink sink) throws IOException {
    LayerBudget budget = ImageBudget.of(files.session().store().limits()).layer(Files.size(source));
    try (TarReader reader =
        TarReader.over(Decompression.open(Files.newInputStream(source)), budget)) {
      LayerScan.pump(reader, new NormalizingSink(sink.to(directory), new LayerPaths()));
    }
  }

  /** Adds what a URL names; it goes under the URL's name where the destination is a directory. */
  public void download(URI url, String destination, CopyOptions options) {
    Path directory =
        Io.run("cannot make a place for a download", () -> files.session().store().temporary());
    try {
      boolean into = target(files.view(), destination, false).directory();
      Path file = directory.resolve(into ? Downloads.name(url) : "download");
      Session session = files.session();
      Downloads.fetch(
          url, file, options.checksum(), session.store().limits(), session.registries()::client);
      copy(
          "ADD " + Downloads.redacted(url) + " " + destination,
          List.of(file),
          destination,
          options.mode() == null ? options.mode(0600) : options);
    } finally {
      Io.run(
          "cannot remove a download",
          () -> {
            DurableFiles.deleteTree(directory);
            return true;
          });
    }
  }

  /** Writes a file out of memory. */
  public void write(String destination, byte[] bytes, CopyOptions options) {
    requireNoChecksum("the text or bytes for " + destination, options);
    if (destination.endsWith("/")) {
      throw new IllegalArgumentException(
          "\"" + destination + "\" names a directory, and what is written needs a file's name");
    }
    change(
        "COPY " + destination,
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

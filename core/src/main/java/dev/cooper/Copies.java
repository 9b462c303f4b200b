package dev.cooper;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
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
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Copies files into a working container: the rules of the Dockerfile's COPY and ADD for where they
 * go.
 */
final class Copies {
  private static final int MAGIC = 512;

  private final ContainerFiles files;

  Copies(ContainerFiles files) {
    this.files = files;
  }

  /**
   * A copy as the history says it. A directory's own name does not matter, and is left out: the
   * image must not depend on where its sources lay.
   */
  static String describe(String instruction, List<Path> sources, String destination) {
    List<String> words = new ArrayList<>(List.of(instruction));
    for (Path source : sources) {
      Path name = source.getFileName();
      words.add(name == null || Files.isDirectory(source) ? "." : name.toString());
    }
    words.add(destination);
    return String.join(" ", words);
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

  /** Copies files of the host, and what its directories hold. */
  void copy(List<Path> sources, String destination, CopyOptions options) {
    requireNoChecksum(sources, options);
    for (Path source : sources) {
      requireNamed(source);
      if (!Files.exists(source)) {
        throw new SourceNotFoundException("cannot copy " + source + ": it " + missing(source));
      }
    }
    for (Path source : sources) {
      copy(
          describe("COPY", List.of(source), destination),
          source,
          destination,
          sources.size() > 1,
          options);
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
      String description, Path source, String destination, boolean several, CopyOptions options) {
    TreeFilter filter = withoutStore(source, filter(options));
    change(
        description,
        options,
        (root, sink) -> {
          Target target = target(root, destination, several);
          boolean directory = Files.isDirectory(source);
          files
              .session()
              .runtime()
              .host()
              .readHost(
                  source,
                  filter,
                  sink.to(
                      directory || !target.directory()
                          ? target.path()
                          : inside(target.path(), source)),
                  files::notice);
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
  void copyFrom(ContainerFiles from, String source, String destination, CopyOptions options) {
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
          ByteString place =
              directory || !target.directory()
                  ? target.path()
                  : LayerPath.join(target.path(), LayerPath.name(found.path()));
          from.mounted().readTree(found.path(), filter, sink.to(place));
        });
  }

  /** Adds a file or directory, or what an archive holds. */
  void add(Path source, String destination, CopyOptions options) {
    requireNoChecksum(source, options);
    if (Files.isRegularFile(source)
        && options.unpack()
        && Io.run("cannot read " + source, () -> isArchive(source))) {
      change(
          describe("ADD", List.of(source), destination),
          options,
          (root, sink) ->
              unpack(
                  source,
                  target(root, destination, true).path(),
                  options.owner() == null ? sink.keepingOwners() : sink));
    } else {
      copy(List.of(source), destination, options);
    }
  }

  private void unpack(Path source, ByteString directory, DestinationSink sink) throws IOException {
    LayerBudget budget = ImageBudget.of(files.session().store().limits()).layer(Files.size(source));
    try (TarReader reader =
        TarReader.over(Decompression.open(Files.newInputStream(source)), budget)) {
      LayerScan.pump(reader, new NormalizingSink(sink.to(directory), new LayerPaths()));
    }
  }

  /**
   * Whether a file begins as a tar does, once decompressed; known by content, as Docker knows it,
   * not by name.
   */
  private static boolean isArchive(Path source) throws IOException {
    try (InputStream in =
        new BufferedInputStream(Decompression.open(Files.newInputStream(source)))) {
      byte[] head = in.readNBytes(MAGIC);
      return head.length == MAGIC
          && new String(head, 257, 5, StandardCharsets.ISO_8859_1).equals("ustar");
    } catch (ContentException e) {
      return false; // it looks compressed and is not: a file like any other
    }
  }

  /** Adds what a URL names; it goes under the URL's name where the destination is a directory. */
  void download(URI url, String destination, CopyOptions options) {
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
          file,
          destination,
          false,
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
  void write(String destination, byte[] bytes, CopyOptions options) {
    requireNoChecksum("the text or bytes for " + destination, options);
    if (destination.endsWith("/")) {
      throw new IllegalArgumentException(
          "\"" + destination + "\" names a directory, and what is written needs a file's name");
    }
    change(
        "COPY " + destination,
        options,
        (root, sink) -> {
          String absolute = Paths.absolute(files.draft().workdir(), destination);
          sink.to(PathResolver.resolve(root, ByteString.utf8(absolute.substring(1))).path());
          sink.begin(
              TarEntry.file(ByteString.EMPTY, 0644, bytes.length)
                  .withMtime(files.session().now().getEpochSecond(), 0));
          sink.write(bytes, 0, bytes.length);
          sink.end();
        });
  }

  private interface Writer {
    void write(RootView root, DestinationSink sink) throws IOException;
  }

  private void change(String description, CopyOptions options, Writer writer) {
    @Nullable String owner = options.owner();
    files.change(
        description,
        (root, out, layer) -> {
          UserDatabase.Owner user =
              owner == null ? UserDatabase.Owner.ROOT : UserDatabase.of(root).owning(owner);
          writer.write(
              root,
              new DestinationSink(
                  root, out, layer, user.uid(), user.gid(), options.mode(), files.session().now()));
        });
  }

  /** An archive's names made canonical before they are placed: nothing in it may point outside. */
  private record NormalizingSink(DestinationSink out, LayerPaths paths) implements EntrySink {
    @Override
    public void begin(TarEntry entry) throws IOException {
      ByteString path = LayerPath.normalize(entry.path());
      if (LayerPath.name(path).latin1().startsWith(".wh.")) {
        throw new OperationException(
            "cannot put "
                + path
                + " of the archive into a layer: a name that begins with .wh. would delete a file there");
      }
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
  static void requireNamed(Path path) {
    if (path.toString().isEmpty()) {
      throw new IllegalArgumentException("found an empty path: say \".\" for this directory");
    }
  }
}

package dev.cooper;

import dev.cooper.host.PortableSizes;
import dev.cooper.io.Directories;
import dev.cooper.oci.layer.EntrySink;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.oci.layout.DurableFiles;
import dev.cooper.spi.ContainerRuntime;
import dev.cooper.spi.Rootfs;
import dev.cooper.spi.SizeSink;
import dev.cooper.spi.TreeFilter;
import dev.cooper.spi.TreeOutput;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Unpacks files, directories and links with java.nio, as far as these tests need it. */
public final class PlainRuntime implements ContainerRuntime {
  /** What was asked to be on the disk. */
  public final List<Path> synced = new CopyOnWriteArrayList<>();

  /** Done while it is brought there. */
  public volatile Runnable onSync = () -> {};

  private final Consumer<Path> opened;

  public PlainRuntime(Consumer<Path> opened) {
    this.opened = opened;
  }

  @Override
  public void readHost(Path path, TreeFilter filter, EntrySink sink, Consumer<String> notices) {
    throw new UnsupportedOperationException("not needed here");
  }

  @Override
  public TreeOutput unpack(Path directory, Consumer<String> notices) {
    opened.accept(directory);
    return new Output(directory);
  }

  @Override
  public Rootfs mount(List<Path> layers, Path directory, Consumer<String> notices) {
    throw new UnsupportedOperationException("not needed here");
  }

  @Override
  public void sync(Path directory) {
    synced.add(directory);
    onSync.run();
  }

  @Override
  public void delete(Path directory) {
    try {
      DurableFiles.deleteTree(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void measure(Path directory, int depth, SizeSink sink) {
    try {
      PortableSizes.measure(directory, depth, sink);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {}

  private static final class Output implements TreeOutput {
    private final Path root;
    private @Nullable OutputStream file;

    Output(Path root) {
      this.root = root;
    }

    @Override
    public void begin(TarEntry entry) throws IOException {
      Path path = root.resolve(entry.path().toString());
      Files.createDirectories(Directories.parent(path));
      if (entry.type() == EntryType.FILE) {
        file = Files.newOutputStream(path);
      } else if (entry.type() == EntryType.DIRECTORY) {
        Files.createDirectories(path);
      } else if (entry.type() == EntryType.SYMLINK) {
        Files.createSymbolicLink(path, Path.of(entry.link().toString()));
      }
    }

    @Override
    public void write(byte[] source, int offset, int length) throws IOException {
      OutputStream open = file;
      if (open != null) {
        open.write(source, offset, length);
      }
    }

    @Override
    public void end() throws IOException {
      OutputStream open = file;
      file = null;
      if (open != null) {
        open.close();
      }
    }

    @Override
    public void finish() {}

    @Override
    public void close() {}
  }
}

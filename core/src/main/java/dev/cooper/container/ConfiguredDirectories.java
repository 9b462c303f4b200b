package dev.cooper.container;

import dev.cooper.io.Io;
import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.step.Setting;
import dev.cooper.text.Paths;
import dev.cooper.tree.PathResolver;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The directories that an image's configuration names, which are made where they are missing: the
 * Dockerfile's WORKDIR and VOLUME.
 */
public final class ConfiguredDirectories {
  private final ContainerFiles files;

  ConfiguredDirectories(ContainerFiles files) {
    this.files = files;
  }

  /** Sets the working directory; what is made belongs to the user of commands. */
  void workdir(Setting.Workdir step, String text) {
    String path = Paths.absolute(files.draft().workdir(), step.directory());
    String user = files.draft().image().config().user();
    set(new Setting.Workdir(path), text, path, user);
  }

  /** Names a volume; what is made is root's. */
  void volume(Setting.Volume step, String text) {
    set(step, text, step.path(), null);
  }

  private void set(Setting step, String text, String path, @Nullable String owner) {
    String what = "cannot make the directory " + path + " in container " + files.label();
    boolean made = Io.run(what, () -> make(what, path, owner));
    files.draft().set(step, text, made);
    if (made) {
      Io.run(
          what,
          () -> {
            files.seal();
            return true;
          });
    }
    files.save();
  }

  /** Returns whether it was missing. */
  private boolean make(String what, String path, @Nullable String owner) throws IOException {
    PathResolver.Resolved place =
        PathResolver.resolve(files.view(), ByteString.utf8(path.substring(1)));
    TarEntry there = place.entry();
    if (there != null && there.type() != EntryType.DIRECTORY) {
      throw new OperationException(what + ": a file lies there: remove it, or choose another path");
    }
    if (there == null) {
      TarEntry directory =
          TarEntry.directory(ByteString.EMPTY, 0755)
              .withMtime(files.session().now().getEpochSecond(), 0);
      files.apply(
          (root, sink, layer) ->
              files.destination(root, sink, layer, owner, null).to(place.path()).put(directory));
    }
    return there == null;
  }
}

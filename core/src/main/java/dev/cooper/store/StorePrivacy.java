package dev.cooper.store;

import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.util.List;
import java.util.Locale;

/**
 * Refuses a store that somebody else may have written to: what lies in it is run, perhaps as root.
 *
 * <p>The store and its directories have to belong to this user, and nobody else may write to them.
 * Nor may others exchange it, as who may write to a directory above it can, unless that has the
 * sticky bit. The root of a volume is left to whoever mounted it (Kubernetes gives mode 0777 to an
 * emptyDir). An access control list needs no look of its own: what it grants to others lies within
 * the mask, which the mode shows as the group's. Only where the file system has modes.
 */
final class StorePrivacy {
  private static final int STICKY = 01000;
  private static final int GROUP_WRITES = 0020;
  private static final int OTHERS_WRITE = 0002;

  private final Path store;

  private StorePrivacy(Path store) {
    this.store = store;
  }

  /**
   * Looks at a store before anything of it is read.
   *
   * @param store an existing directory, without links on the way
   * @param parts the directories that a store has in it, there or not
   * @throws OperationException if it is not this user's alone
   */
  static void require(Path store, Iterable<String> parts) throws IOException {
    if (!FileSystems.getDefault().supportedFileAttributeViews().contains("unix")) {
      return;
    }
    StorePrivacy privacy = new StorePrivacy(store);
    long user = user();
    privacy.requireOwn(store, user);
    for (String part : parts) {
      Path directory = store.resolve(part);
      if (Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
        privacy.requireOwn(directory, user);
      }
    }
    for (Path at = store.getParent(); at != null; at = at.getParent()) {
      privacy.requireKept(at);
    }
  }

  /** The user that files of this process belong to; -1 where nothing tells. */
  private static long user() throws IOException {
    Path status = Path.of("/proc/self/status");
    if (!Files.exists(status)) {
      return -1;
    }
    for (String line : Files.readAllLines(status, StandardCharsets.ISO_8859_1)) {
      String[] words = line.split("\\s+", -1);
      if (words[0].equals("Uid:") && words.length > 4) {
        return Long.parseLong(words[4]); // real, effective, saved, and that of files
      }
    }
    return -1;
  }

  private void requireOwn(Path directory, long user) throws IOException {
    long owner = Integer.toUnsignedLong(number(directory, "unix:uid"));
    if (user >= 0 && owner != user) {
      throw new OperationException(
          String.format(
              Locale.ROOT,
              "cannot open the store %s: found %s to belong to the user %s (uid %d), expected uid"
                  + " %d: open it as that user, or take another directory (COOPER_STORE)",
              store,
              directory,
              attributes(directory).owner().getName(),
              owner,
              user));
    }
    if ((mode(directory) & (GROUP_WRITES | OTHERS_WRITE)) != 0) {
      throw writable(
          directory,
          "if you trust all that is in it: chmod -R go-w "
              + store
              + "; else take another directory (COOPER_STORE)");
    }
  }

  private void requireKept(Path parent) throws IOException {
    int mode = mode(parent);
    boolean others = (mode & OTHERS_WRITE) != 0 || (mode & GROUP_WRITES) != 0 && isShared(parent);
    if (others && (mode & STICKY) == 0 && !isMountPoint(parent)) {
      throw writable(
          parent,
          "whoever may write to it can put another store in the place of this one: chmod go-w "
              + parent
              + ", or take another directory (COOPER_STORE)");
    }
  }

  /** A group that is called as its only user is, as distributions make one for each. */
  private static boolean isShared(Path directory) throws IOException {
    PosixFileAttributes attributes = attributes(directory);
    return !attributes.group().getName().equals(attributes.owner().getName());
  }

  private static boolean isMountPoint(Path directory) throws IOException {
    Path mounts = Path.of("/proc/self/mountinfo");
    if (!Files.exists(mounts)) {
      return false;
    }
    List<String> lines = Files.readAllLines(mounts, StandardCharsets.ISO_8859_1);
    // Written as the kernel writes it, but for names with blanks, which are refused then.
    return lines.stream().anyMatch(line -> line.split(" ", 6)[4].equals(directory.toString()));
  }

  private OperationException writable(Path directory, String remedy) throws IOException {
    return new OperationException(
        String.format(
            Locale.ROOT,
            "cannot open the store %s: others may write to %s (mode %04o): %s",
            store,
            directory,
            mode(directory),
            remedy));
  }

  private static int mode(Path path) throws IOException {
    return number(path, "unix:mode") & 07777;
  }

  private static int number(Path path, String attribute) throws IOException {
    return (Integer) Files.getAttribute(path, attribute, LinkOption.NOFOLLOW_LINKS);
  }

  private static PosixFileAttributes attributes(Path path) throws IOException {
    return Files.readAttributes(path, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
  }
}

package dev.cooper.linux;

import com.kenai.jffi.MemoryIO;
import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Loads jffi's native library from a whole copy.
 *
 * <p>jffi copies its library out of its archive too, but does not notice that a full disk cut the
 * copy off: {@code FileChannel.transferFrom} then returns less, and the dynamic loader ends the JVM
 * with SIGSEGV. So the copy is made here, where a short write is an error, and jffi is told where
 * the copy lies. Thread-safe.
 */
final class NativeLibrary {
  /** jffi looks for {@code PLATFORM/libjffi-1.2.so} in this property's directories first. */
  private static final String PLACE = "jffi.boot.library.path";

  private static final String NAME = "libjffi-1.2.so";

  private static boolean loaded;

  private NativeLibrary() {}

  /**
   * Loads the library if that has not been done.
   *
   * @throws OperationException if it cannot be copied to the temporary directory or not be loaded
   *     from there; the next call tries again to copy it
   */
  static synchronized void load() {
    if (!loaded) {
      if (System.getProperty(PLACE) == null) {
        loadCopy();
      } else {
        loadBy(null);
      }
      loaded = true;
    }
  }

  /** Native memory, by the library. */
  static MemoryIO memory() {
    load();
    return MemoryIO.getInstance();
  }

  private static void loadCopy() {
    String platform = platform();
    Path directory = null;
    try (InputStream in =
        MemoryIO.class.getClassLoader().getResourceAsStream("jni/" + platform + "/" + NAME)) {
      if (in == null) { // an installation whose library lies in java.library.path
        loadBy(null);
        return;
      }
      directory = Files.createTempDirectory("cooper-jffi-");
      Files.copy(in, Files.createDirectory(directory.resolve(platform)).resolve(NAME));
      loadBy(directory);
    } catch (IOException e) {
      throw new OperationException(
          "cannot copy the native library of jffi to the temporary directory "
              + System.getProperty("java.io.tmpdir")
              + ": "
              + e.getMessage()
              + "; free space there, or name another directory by -Djava.io.tmpdir",
          e);
    } finally {
      if (directory != null) {
        delete(directory.resolve(platform).resolve(NAME));
        delete(directory.resolve(platform));
        delete(directory);
      }
    }
  }

  /** As jffi calls it; what would tell, its own Platform, loads the library. */
  private static String platform() {
    String processor = System.getProperty("os.arch", "");
    return (processor.equals("amd64") ? "x86_64" : processor) + "-Linux";
  }

  private static void loadBy(@Nullable Path directory) {
    if (directory != null) {
      System.setProperty(PLACE, directory.toString());
    }
    try {
      MemoryIO.getInstance();
    } catch (LinkageError e) {
      throw new OperationException(
          "cannot load the native library of jffi"
              + (directory == null ? "" : " from " + directory)
              + ": "
              + e.getMessage()
              + "; if that directory is mounted noexec, name another one by -Djava.io.tmpdir",
          e);
    } finally {
      if (directory != null) {
        System.clearProperty(PLACE);
      }
    }
  }

  private static void delete(Path path) {
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      System.getLogger(NativeLibrary.class.getName())
          .log(System.Logger.Level.DEBUG, "cannot delete " + path, e);
    }
  }
}

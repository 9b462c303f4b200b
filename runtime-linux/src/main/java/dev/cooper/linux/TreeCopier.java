package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layer.LayerPath;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Copies layers into one tree, as an overlay would show them: some directories at a time, in lanes
 * of their own.
 *
 * <p>The content of files is cloned where the file system can (it shares what is equal, until it is
 * written), else copied in the kernel; it never is a hardlink into a layer, as a write in the
 * container would then change the layer, for all containers and for good. For the same reason each
 * name of a file with several is a file of its own, as an overlay makes it once it is changed.
 */
final class TreeCopier {
  private static final int WORKERS = Math.min(4, Runtime.getRuntime().availableProcessors());

  private final Keeper keeper;
  private final List<Integer> layers;
  private final int target;
  private final CopyLinks links;
  private final Deque<Place> waiting = new ArrayDeque<>();
  private int unfinished;
  private boolean failed;

  /** A directory to be copied, and the layers that have it, the uppermost first. */
  record Place(ByteString path, List<Integer> layers) {}

  private TreeCopier(Keeper keeper, List<Integer> layers, int target, CopyLinks links) {
    this.keeper = keeper;
    this.layers = layers;
    this.target = target;
    this.links = links;
  }

  /**
   * Copies layers, the lowest first, into an empty directory.
   *
   * @param target an open directory
   */
  static void copy(
      Keeper keeper, Lane lane, List<Path> layers, int target, Consumer<String> notices) {
    List<Integer> open = new ArrayList<>();
    try (CopyLinks links = new CopyLinks(lane, target, notices)) {
      for (Path layer : layers) {
        open.add(0, open(lane, layer));
      }
      TreeCopier copier = new TreeCopier(keeper, open, target, links);
      copier.add(List.of(new Place(ByteString.EMPTY, open)));
      copier.run();
      links.finish();
    } finally {
      open.forEach(fd -> TreeRemover.close(lane, fd));
    }
  }

  private static int open(Lane lane, Path layer) {
    try (SyscallProgram program = new SyscallProgram(1, 8192)) {
      int flags = Linux.O_PATH | Linux.O_DIRECTORY | Linux.O_CLOEXEC;
      program.call(
          layer, Sys.OPENAT, Linux.AT_FDCWD, program.memory.string(HostPath.bytes(layer)), flags);
      lane.run(program);
      return (int) program.result(0);
    }
  }

  private void run() {
    List<CompletableFuture<Void>> others = new ArrayList<>();
    for (int i = 1; i < WORKERS && !layers.isEmpty(); i++) {
      CompletableFuture<Void> done = new CompletableFuture<>();
      Thread thread = new Thread(() -> work(done), String.format(Locale.ROOT, "cooper-copy-%d", i));
      thread.setDaemon(true);
      thread.start();
      others.add(done);
    }
    CompletableFuture<Void> own = new CompletableFuture<>();
    others.add(own);
    work(own);
    try {
      CompletableFuture.allOf(others.toArray(new CompletableFuture<?>[0])).join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  private void work(CompletableFuture<Void> done) {
    Lane lane = null;
    try {
      lane = keeper.acquire();
      try (DirectoryCopy copy = new DirectoryCopy(lane, target, links)) {
        for (Place place = next(); place != null; place = next()) {
          add(copy.copy(place));
          finished();
        }
      }
      done.complete(null);
    } catch (RuntimeException | Error e) {
      fail();
      done.completeExceptionally(e);
    } finally {
      if (lane != null) {
        keeper.release(lane);
      }
    }
  }

  /** The last that was found, so that few wait; null when all is done, or something failed. */
  private synchronized @Nullable Place next() {
    try {
      while (waiting.isEmpty() && unfinished > 0 && !failed) {
        wait();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new OperationException("interrupted while the layers were copied", e);
    }
    return failed ? null : waiting.pollLast();
  }

  private synchronized void add(List<Place> places) {
    waiting.addAll(places);
    unfinished += places.size();
    notifyAll();
  }

  private synchronized void finished() {
    unfinished--;
    notifyAll();
  }

  private synchronized void fail() {
    failed = true;
    notifyAll();
  }

  static ByteString in(ByteString directory, ByteString name) {
    return LayerPath.join(directory, name);
  }
}

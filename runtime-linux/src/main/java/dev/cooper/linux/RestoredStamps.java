package dev.cooper.linux;

import dev.cooper.oci.ByteString;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What was put back as it was, though the kernel says that it was changed: it is no change as long
 * as the kernel says no more. Thread-safe.
 */
final class RestoredStamps {
  private final Path file;
  private final Map<ByteString, Snapshot.Stamp> stamps = new ConcurrentHashMap<>();
  private boolean unsaved;
  private boolean recent;

  private RestoredStamps(Path file) {
    this.file = file;
  }

  /** Those of a tree that was closed, if any. */
  static RestoredStamps read(Path file) throws IOException {
    RestoredStamps read = new RestoredStamps(file);
    if (Files.exists(file)) {
      try (DataInputStream in =
          new DataInputStream(new BufferedInputStream(new FileInputStream(file.toFile())))) {
        for (int count = in.readInt(); count > 0; count--) {
          ByteString path = ByteString.of(in.readNBytes(in.readInt()));
          read.stamps.put(
              path,
              new Snapshot.Stamp(
                  in.readInt(), in.readLong(), in.readLong(), in.readInt(), in.readLong()));
        }
      }
    }
    return read;
  }

  Map<ByteString, Snapshot.Stamp> all() {
    return stamps;
  }

  synchronized void put(ByteString path, Snapshot.@Nullable Stamp stamp) {
    if (stamp != null) {
      stamps.put(path, stamp);
      unsaved = true;
      recent = true;
    }
  }

  /** Whether there are some since it was asked last: a change could have the same time. */
  synchronized boolean takeNew() {
    boolean was = recent;
    recent = false;
    return was;
  }

  synchronized void save() throws IOException {
    if (!unsaved) {
      return;
    }
    Path whole = file.resolveSibling("restored.new");
    try (DataOutputStream out =
        new DataOutputStream(new BufferedOutputStream(new FileOutputStream(whole.toFile())))) {
      out.writeInt(stamps.size());
      for (Map.Entry<ByteString, Snapshot.Stamp> each : stamps.entrySet()) {
        out.writeInt(each.getKey().length());
        out.write(each.getKey().toBytes());
        out.writeInt(each.getValue().format());
        out.writeLong(each.getValue().inode());
        out.writeLong(each.getValue().ctimeSeconds());
        out.writeInt(each.getValue().ctimeNanos());
        out.writeLong(each.getValue().birth());
      }
    }
    Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE);
    unsaved = false;
  }
}

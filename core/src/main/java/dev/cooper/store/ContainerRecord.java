package dev.cooper.store;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.Json;
import dev.cooper.oci.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A named container's state on disk: an image's config, and the rest as its unknown field.
 *
 * <p>What the record names is always there: the record is written before a file that it no longer
 * names is removed, and before a step is sealed that it names, which whoever opens the container
 * finishes. The record names the boot of the machine under which the container's files were
 * written, until they are synced. Immutable.
 *
 * @param image the configuration of the image to come
 * @param annotations of its manifest
 * @param base the manifest of the base image, or null for an empty root
 * @param boot the boot of the machine that wrote this, or null where boots cannot be told apart
 * @param synced whether all that the record names has reached the disk
 * @param cmdSet whether the command was set in this container
 * @param layerPerStep whether each step is a layer
 * @param mounted whether what changed is in the mount's directory, and not in {@code pending}
 * @param pending the copies that are not unpacked
 * @param sealed the steps that are layers already
 * @param lines the history to come
 * @param comment of the last line of the history, or null
 * @param created when the image says that it was made, or null
 */
public record ContainerRecord(
    ImageConfig image,
    SortedMap<String, String> annotations,
    @Nullable Digest base,
    @Nullable String boot,
    boolean synced,
    boolean cmdSet,
    boolean layerPerStep,
    boolean mounted,
    List<Tar> pending,
    List<Tar> sealed,
    List<Line> lines,
    @Nullable String comment,
    @Nullable Instant created) {
  private static final String FILE = "container.json";
  private static final String KEY = "dev.cooper.container";
  private static final String CRASH = "the machine crashed while this container was open, and ";

  /** Copies the collections. */
  public ContainerRecord {
    annotations = new TreeMap<>(annotations);
    pending = List.copyOf(pending);
    sealed = List.copyOf(sealed);
    lines = List.copyOf(lines);
  }

  /**
   * A step's tar.
   *
   * @param file its name in the container's directory {@code steps}
   * @param digest of the tar
   * @param canonical whether its entries are in the order of a layer, each once
   */
  public record Tar(String file, Digest digest, boolean canonical) {
    private static Tar from(JsonObject json) {
      String file = json.string("file");
      if (!file.matches("[A-Za-z0-9][A-Za-z0-9.-]*")) {
        throw json.wrong("file", file, "the name of a file");
      }
      return new Tar(file, Digest.parse(json.string("digest")), json.flag("canonical"));
    }

    private Map<String, @Nullable Object> tree() {
      Map<String, @Nullable Object> tree = new LinkedHashMap<>();
      tree.put("file", file);
      tree.put("digest", digest.toString());
      tree.put("canonical", canonical);
      return tree;
    }

    /** Where it lies. */
    public Path in(Path directory) {
      return directory.resolve("steps").resolve(file);
    }
  }

  /**
   * A line of the history to come.
   *
   * @param time in whole seconds
   * @param text the instruction
   * @param changesFiles whether the step has a part in a layer
   */
  public record Line(Instant time, String text, boolean changesFiles) {
    private static Line from(JsonObject json) {
      return new Line(
          instant(json, "time", json.string("time")),
          json.string("text"),
          json.flag("changesFiles"));
    }

    private Map<String, @Nullable Object> tree() {
      Map<String, @Nullable Object> tree = new LinkedHashMap<>();
      tree.put("time", time.toString());
      tree.put("text", text);
      tree.put("changesFiles", changesFiles);
      return tree;
    }
  }

  private static Instant instant(JsonObject json, String name, String text) {
    try {
      return Instant.parse(text);
    } catch (DateTimeException e) {
      throw json.wrong(name, text, "a time of ISO 8601");
    }
  }

  /** Writes it, durably. */
  public void write(Path directory, Store store) throws IOException {
    Map<String, @Nullable Object> own = new LinkedHashMap<>();
    own.put("annotations", annotations);
    own.put("base", base == null ? null : base.toString());
    own.put("boot", boot);
    own.put("synced", synced);
    own.put("cmdSet", cmdSet);
    own.put("layerPerStep", layerPerStep);
    own.put("mounted", mounted);
    own.put("pending", pending.stream().map(Tar::tree).toList());
    own.put("sealed", sealed.stream().map(Tar::tree).toList());
    own.put("lines", lines.stream().map(Line::tree).toList());
    own.put("comment", comment);
    own.put("created", created == null ? null : created.toString());
    Map<String, @Nullable Object> extra = new LinkedHashMap<>(image.extra());
    extra.put(KEY, own);
    store.write(directory.resolve(FILE), image.withExtra(extra).toBytes());
  }

  /**
   * Reads the record of a container.
   *
   * @throws ContentException if it is not what {@link #write} writes
   */
  public static ContainerRecord read(Path directory) throws IOException {
    byte[] bytes = Files.readAllBytes(directory.resolve(FILE));
    ImageConfig config = ImageConfig.parse(bytes);
    Map<String, @Nullable Object> extra = new LinkedHashMap<>(config.extra());
    extra.remove(KEY);
    JsonObject own = Json.parse(bytes, "record").object(KEY);
    String base = own.optionalString("base");
    String created = own.optionalString("created");
    return new ContainerRecord(
        config.withExtra(extra),
        own.stringMap("annotations"),
        base == null ? null : Digest.parse(base),
        own.optionalString("boot"),
        own.flag("synced"),
        own.flag("cmdSet"),
        own.flag("layerPerStep"),
        own.flag("mounted"),
        own.objects("pending").stream().map(Tar::from).toList(),
        own.objects("sealed").stream().map(Tar::from).toList(),
        own.objects("lines").stream().map(Line::from).toList(),
        own.optionalString("comment"),
        created == null ? null : instant(own, "created", created));
  }

  /** Which image a container began from, if its record can be read and tells. */
  static @Nullable Digest base(Path directory) throws IOException {
    try {
      return read(directory).base;
    } catch (NoSuchFileException | ContentException e) {
      return null;
    }
  }

  /** Why a named container can't be opened, or null if it can. */
  public static @Nullable String trouble(Path directory) throws IOException {
    try {
      return read(directory).troubleIn(directory);
    } catch (NoSuchFileException e) {
      return "its record " + directory.resolve(FILE) + " is missing";
    } catch (ContentException e) {
      return "its record " + directory.resolve(FILE) + " is damaged: " + e.getMessage();
    }
  }

  private @Nullable String troubleIn(Path directory) throws IOException {
    boolean crashed = !isTrusted();
    if (crashed && mounted) {
      // An overlay without syncs; a torn file looks like any other in it.
      return CRASH + "what its commands changed may not have reached the disk";
    }
    Path copy = damagedCopy(directory);
    if (copy == null) {
      return null;
    }
    return crashed
        ? CRASH + "a copy into it did not reach the disk: " + copy
        : "a copy into it is damaged or gone: " + copy;
  }

  /** Without boots to tell apart, all is taken for what it was. */
  private boolean isTrusted() {
    String now = SyncJournal.boot();
    return synced || now == null || now.equals(boot);
  }

  /** A copy that is not what was written: it would become a layer that nobody can verify. */
  private @Nullable Path damagedCopy(Path directory) throws IOException {
    List<Tar> all = new ArrayList<>(pending);
    all.addAll(sealed);
    for (Tar each : all) {
      Path file = each.in(directory);
      if (!Files.exists(file) || !Recovery.hash(file, each.digest).equals(each.digest)) {
        return file;
      }
    }
    return null;
  }
}

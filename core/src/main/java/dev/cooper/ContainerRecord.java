package dev.cooper;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A named container's state on disk: an image config, and the rest as its unknown fields.
 *
 * <p>What it tells of is there whenever it is: it is written before what it no longer names is
 * removed, and before a step is sealed that it names, which whoever opens it finishes. It names the
 * boot of the machine under which the container's files were written, until they are synced.
 */
final class ContainerRecord {
  private static final String FILE = "container.json";
  private static final String KEY = "dev.cooper.container";
  private static final String CRASH = "the machine crashed while this container was open, and ";

  private ContainerRecord() {}

  /**
   * Writes it.
   *
   * @param synced whether all that it tells of is on the disk
   */
  static void write(Path directory, ContainerFiles files, Store store, boolean synced)
      throws IOException {
    Draft draft = files.draft();
    Map<String, @Nullable Object> extra = new LinkedHashMap<>(draft.image().extra());
    Map<String, @Nullable Object> own = new LinkedHashMap<>();
    own.put("annotations", new LinkedHashMap<>(draft.annotations()));
    own.put("base", files.base() == null ? null : files.base().descriptor().digest().toString());
    own.put("boot", SyncJournal.boot());
    own.put("synced", synced);
    own.put("cmdSet", draft.cmdSet());
    own.put("layerPerStep", files.isPerStep());
    own.put("mounted", files.isUnpacked());
    own.put("pending", tars(files.pending().steps()));
    own.put("sealed", tars(files.sealed().stream().map(ContainerFiles.Sealed::tar).toList()));
    own.put("steps", draft.steps().stream().map(ContainerRecord::step).toList());
    if (draft.comment() != null) {
      own.put("comment", draft.comment());
    }
    if (draft.created() != null) {
      own.put("created", draft.created().toString());
    }
    extra.put(KEY, own);
    store.write(directory.resolve(FILE), draft.image().withExtra(extra).toBytes());
  }

  private static List<Object> tars(List<StepTar> steps) {
    List<Object> tars = new ArrayList<>();
    for (StepTar step : steps) {
      tars.add(
          Map.of(
              "file",
              String.valueOf(step.file().getFileName()),
              "digest",
              step.digest().toString(),
              "canonical",
              step.isCanonical()));
    }
    return tars;
  }

  private static Object step(Draft.Step step) {
    return Map.of(
        "time", step.time().toString(), "text", step.text(), "changesFiles", step.changesFiles());
  }

  static ContainerFiles read(Session session, Containers.Owned owned) throws IOException {
    String trouble = trouble(owned.path());
    if (trouble != null) {
      throw new OperationException(trouble + ": begin again; maintenance().repair() removes it");
    }
    ImageConfig saved = ImageConfig.parse(Files.readAllBytes(owned.path().resolve(FILE)));
    Map<String, @Nullable Object> extra = new LinkedHashMap<>(saved.extra());
    Map<?, ?> own = asMap(extra.remove(KEY));
    boolean mounted = Boolean.TRUE.equals(own.get("mounted"));
    Digest image = owned.image();
    if (image == null && own.get("base") instanceof String recorded) {
      throw new OperationException(
          "it is not written down any more that container "
              + owned.name()
              + " began from "
              + recorded
              + ": maintenance().repair() mends it");
    }
    StoredImage base = image == null ? null : session.store().images().base(image);
    Draft draft = new Draft(saved.withExtra(extra), session.clock());
    draft.restore(own);
    ContainerFiles files = new ContainerFiles(session, owned, base, draft);
    List<ContainerFiles.Sealed> sealed = new ArrayList<>();
    for (StepTar tar : reopen(owned, own.get("sealed"))) {
      sealed.add(
          new ContainerFiles.Sealed(
              tar, owned.path().resolve("layers").resolve(sealed.size() + "/upper")));
    }
    List<StepTar> pending = reopen(owned, own.get("pending"));
    files.restore(pending, sealed, Boolean.TRUE.equals(own.get("layerPerStep")), mounted);
    files.reopen();
    return files;
  }

  /** Which image a container began from, if its record can be read and tells. */
  static @Nullable Digest base(Path directory) throws IOException {
    try {
      Object base = own(directory).get("base");
      return base instanceof String text ? Digest.parse(text) : null;
    } catch (NoSuchFileException | ContentException e) {
      return null;
    }
  }

  /** Why a named container can't be opened, or null if it can. */
  static @Nullable String trouble(Path directory) throws IOException {
    try {
      Map<?, ?> own = own(directory);
      boolean crashed = !isTrusted(own);
      if (crashed && Boolean.TRUE.equals(own.get("mounted"))) {
        // An overlay without syncs; a torn file looks like any other in it.
        return CRASH + "what its commands changed may not have reached the disk";
      }
      Path copy = damagedCopy(directory, own);
      if (copy == null) {
        return null;
      }
      return crashed
          ? CRASH + "a copy into it did not reach the disk: " + copy
          : "a copy into it is damaged or gone: " + copy;
    } catch (NoSuchFileException e) {
      return "its record " + directory.resolve(FILE) + " is missing";
    } catch (ContentException e) {
      return "its record " + directory.resolve(FILE) + " is damaged: " + e.getMessage();
    }
  }

  private static Map<?, ?> own(Path directory) throws IOException {
    return asMap(ImageConfig.parse(Files.readAllBytes(directory.resolve(FILE))).extra().get(KEY));
  }

  /** Without boots to tell apart, all is taken for what it was. */
  private static boolean isTrusted(Map<?, ?> own) {
    String boot = SyncJournal.boot();
    return Boolean.TRUE.equals(own.get("synced")) || boot == null || boot.equals(own.get("boot"));
  }

  /** A copy that is not what was written: it would become a layer that nobody can verify. */
  private static @Nullable Path damagedCopy(Path directory, Map<?, ?> own) throws IOException {
    for (String list : List.of("pending", "sealed")) {
      for (Object each : asList(own.get(list))) {
        Digest digest = Digest.parse(String.valueOf(asMap(each).get("digest")));
        Path file = tar(directory, asMap(each));
        if (!Files.exists(file) || !Recovery.hash(file, digest).equals(digest)) {
          return file;
        }
      }
    }
    return null;
  }

  private static Path tar(Path directory, Map<?, ?> tar) {
    return directory.resolve("steps").resolve(String.valueOf(tar.get("file")));
  }

  static Map<?, ?> asMap(@Nullable Object value) {
    return value instanceof Map<?, ?> map ? map : Map.of();
  }

  static List<?> asList(@Nullable Object value) {
    return value instanceof List<?> list ? list : List.of();
  }

  private static List<StepTar> reopen(Containers.Owned owned, @Nullable Object tars)
      throws IOException {
    List<StepTar> steps = new ArrayList<>();
    for (Object each : asList(tars)) {
      Map<?, ?> tar = asMap(each);
      steps.add(
          StepTar.reopen(
              tar(owned.path(), tar),
              Digest.parse(String.valueOf(tar.get("digest"))),
              Boolean.TRUE.equals(tar.get("canonical"))));
    }
    return steps;
  }
}

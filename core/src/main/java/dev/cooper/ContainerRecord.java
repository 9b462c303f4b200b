package dev.cooper;

import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A named container's state on disk: an image config, and the rest as its unknown fields. */
final class ContainerRecord {
  private static final String FILE = "container.json";
  private static final String KEY = "dev.cooper.container";

  private ContainerRecord() {}

  static void write(Path directory, ContainerFiles files, Store store) throws IOException {
    Draft draft = files.draft();
    Map<String, @Nullable Object> extra = new LinkedHashMap<>(draft.image().extra());
    Map<String, @Nullable Object> own = new LinkedHashMap<>();
    own.put("annotations", new LinkedHashMap<>(draft.annotations()));
    own.put("cmdSet", draft.cmdSet());
    own.put("layerPerStep", files.isPerStep());
    own.put("mounted", files.isMounted());
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
    ImageConfig saved = ImageConfig.parse(Files.readAllBytes(owned.path().resolve(FILE)));
    Map<String, @Nullable Object> extra = new LinkedHashMap<>(saved.extra());
    Map<?, ?> own = asMap(extra.remove(KEY));
    Digest image = owned.image();
    StoredImage base =
        image == null
            ? null
            : session
                .store()
                .find(image.toString())
                .orElseThrow(
                    () ->
                        new ImageNotFoundException(
                            "the base "
                                + image
                                + " of container "
                                + owned.name()
                                + " is no longer in the store"));
    Draft draft = new Draft(saved.withExtra(extra), session.clock());
    draft.restore(own);
    ContainerFiles files = new ContainerFiles(session, owned, base, draft);
    List<ContainerFiles.Sealed> sealed = new ArrayList<>();
    for (StepTar tar : reopen(owned, own.get("sealed"))) {
      sealed.add(
          new ContainerFiles.Sealed(
              tar, owned.path().resolve("layers").resolve(sealed.size() + "/upper")));
    }
    files.restore(
        reopen(owned, own.get("pending")), sealed, Boolean.TRUE.equals(own.get("layerPerStep")));
    files.reopen(Boolean.TRUE.equals(own.get("mounted")));
    return files;
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
      Path file = owned.path().resolve("steps").resolve(String.valueOf(tar.get("file")));
      steps.add(
          StepTar.reopen(
              file,
              Digest.parse(String.valueOf(tar.get("digest"))),
              Boolean.TRUE.equals(tar.get("canonical"))));
    }
    return steps;
  }
}

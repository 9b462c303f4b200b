package dev.cooper.container;

import dev.cooper.image.CommitOptions;
import dev.cooper.oci.ByteString;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.History;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.compress.DigestingOutputStream;
import dev.cooper.oci.layer.EntrySink;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.oci.layer.TarWriter;
import dev.cooper.spi.TreeFilter;
import dev.cooper.store.Blobs;
import dev.cooper.store.GivenNames;
import dev.cooper.store.StagedBlob;
import dev.cooper.store.Store;
import dev.cooper.store.StoredImage;
import dev.cooper.transfer.LayerTypes;
import dev.cooper.tree.ClampingSink;
import dev.cooper.tree.CountingSink;
import dev.cooper.tree.LayerPaths;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Makes an image of a working container: layers, config, manifest.
 *
 * <p>A copy that already is the layer is linked into the store; anything else is one pass from the
 * tree to a blob. Layers of the store are not compressed: saving does that.
 */
final class Committer {
  private static final Set<String> DOCKER_LEFTOVERS =
      Set.of(
          "container", "container_config", "docker_version", "id", "parent", "parent_id", "Size");

  private final ContainerFiles files;
  private final Store store;
  private final List<Descriptor> layers = new ArrayList<>();
  private final List<Digest> diffIds = new ArrayList<>();

  Committer(ContainerFiles files) {
    this.files = files;
    this.store = files.session().store();
  }

  @SuppressWarnings("try") // the intake is open, not used
  StoredImage commit(CommitOptions options, List<String> names) throws IOException {
    try (Blobs.Intake intake = store.intake()) {
      return write(options, names);
    }
  }

  private StoredImage write(CommitOptions options, List<String> names) throws IOException {
    List<ImageReference> references = GivenNames.parse(names);
    Instant clamp = options.clamp() != null ? options.clamp() : files.session().sourceDate();
    StoredImage base = files.base();
    if (base != null && !options.squash()) {
      layers.addAll(base.manifest().layers());
      diffIds.addAll(base.config().diffIds());
    }
    int below = layers.size();
    if (options.squash()) {
      written(
          sink ->
              files
                  .mounted()
                  .readTree(ByteString.EMPTY, TreeFilter.ALL, new WithoutUsualRoot(sink)),
          clamp);
    } else {
      changes(clamp);
    }
    ImageConfig config = config(options, clamp, layers.size() - below);
    return store(config, options.docker(), references);
  }

  private void changes(@Nullable Instant clamp) throws IOException {
    for (ContainerFiles.Sealed one : files.sealed()) {
      step(one.tar(), clamp);
    }
    if (files.isUnpacked()) {
      written(files.mounted()::diff, clamp);
    } else if (files.isPerStep()) {
      for (StepTar step : files.pending().steps()) {
        step(step, clamp);
      }
    } else if (files.pending().steps().size() == 1) {
      step(files.pending().steps().get(0), clamp);
    } else {
      written(files.pending()::merged, clamp);
    }
  }

  private void step(StepTar step, @Nullable Instant clamp) throws IOException {
    if (step.isCanonical() && clamp == null) {
      if (!step.isEmpty()) {
        add(store.adopt(step.file(), MediaType.OCI_LAYER, step.digest(), step.size()));
      }
      return;
    }
    PendingTree alone = new PendingTree(files.directory(), files.view());
    alone.reopen(step);
    written(alone::merged, clamp);
  }

  /** One pass from entries to a blob; none if there are no entries. */
  private void written(StepTar.Source source, @Nullable Instant clamp) throws IOException {
    try (StagedBlob blob = store.stage()) {
      DigestingOutputStream out = new DigestingOutputStream(blob.output());
      TarWriter tar = new TarWriter(out);
      CountingSink counted = new CountingSink(tar);
      source.writeTo(ClampingSink.of(counted, clamp));
      tar.finish();
      out.flush();
      if (counted.entries() > 0) {
        add(blob.keep(MediaType.OCI_LAYER, out.digest(), out.size()));
      }
    }
  }

  private void add(Descriptor layer) {
    layers.add(layer);
    diffIds.add(layer.digest());
  }

  private ImageConfig config(CommitOptions options, @Nullable Instant clamp, int newLayers) {
    Draft draft = files.draft();
    Instant set =
        options.created() != null
            ? options.created()
            : draft.created() != null ? draft.created() : clamp;
    Instant created = set != null ? set : files.session().now();
    List<History> history = new ArrayList<>();
    StoredImage base = files.base();
    if (base != null && !options.squash()) {
      history.addAll(complete(base));
    }
    String comment = options.comment() != null ? options.comment() : draft.comment();
    history.addAll(
        options.squash() && base != null && newLayers == 1
            ? draft.squashed(set, comment)
            : draft.history(newLayers, set, comment));
    Map<String, @Nullable Object> extra = new HashMap<>(draft.image().extra());
    extra.keySet().removeAll(DOCKER_LEFTOVERS);
    return draft
        .image()
        .withCreated(created)
        .withDiffIds(diffIds)
        .withHistory(history)
        .withExtra(extra);
  }

  /** A base's history, with a line for each layer that it does not tell of. */
  private static List<History> complete(StoredImage base) {
    List<History> history = new ArrayList<>(base.config().history());
    long told = history.stream().filter(line -> !line.emptyLayer()).count();
    for (long missing = base.manifest().layers().size() - told; missing > 0; missing--) {
      history.add(History.of(base.config().created(), "base layer", false));
    }
    return history;
  }

  private StoredImage store(ImageConfig config, boolean docker, List<ImageReference> names)
      throws IOException {
    Descriptor stored =
        store.put(docker ? MediaType.DOCKER_CONFIG : MediaType.OCI_CONFIG, config.toBytes());
    List<Descriptor> typed =
        layers.stream()
            .map(layer -> layer.withMediaType(LayerTypes.in(layer.mediaType(), docker)))
            .toList();
    Manifest manifest =
        Manifest.of(docker ? MediaType.DOCKER_MANIFEST : MediaType.OCI_MANIFEST, stored, typed);
    if (!docker) {
      manifest = manifest.withAnnotations(files.draft().annotations());
    }
    Descriptor descriptor =
        store.put(manifest.mediaType(), manifest.toBytes()).withPlatform(config.platform());
    return store.images().add(descriptor, names, List.of());
  }

  /** A squashed layer names its root only where that is not what it is without. */
  private static final class WithoutUsualRoot implements EntrySink {
    private final EntrySink out;
    private boolean root;

    WithoutUsualRoot(EntrySink out) {
      this.out = out;
    }

    @Override
    public void begin(TarEntry entry) throws IOException {
      root = entry.path().isEmpty() && LayerPaths.isUsualRoot(entry);
      if (!root) {
        out.begin(entry);
      }
    }

    @Override
    public void write(byte[] source, int offset, int length) throws IOException {
      out.write(source, offset, length);
    }

    @Override
    public void end() throws IOException {
      if (!root) {
        out.end();
      }
    }
  }
}

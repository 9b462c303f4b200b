package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.command.Command;
import dev.cooper.command.Mount;
import dev.cooper.image.SaveOptions;
import dev.cooper.maintenance.DiskSpace;
import dev.cooper.maintenance.PruneOptions;
import dev.cooper.maintenance.PruneReport;
import dev.cooper.maintenance.StoreUsage;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.compress.Compression;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** What a store holds, measured and pruned. */
class MaintenanceIT extends EndToEnd {
  private DiskSpace du() {
    return new DiskSpace(
        first(Tools.run("du", "-s", "--apparent-size", "--block-size=1", store.toString())),
        first(Tools.run("du", "-s", "--block-size=1", store.toString())));
  }

  private static long first(String output) {
    return Long.parseLong(output.split("\\s")[0]);
  }

  @Test
  void usageIsWhatDuSays() throws IOException {
    assumeThat(Tools.isRoot()).as("du may read what belongs to subordinate ids").isTrue();
    busybox().tag("base:1");
    try (WorkingContainer c = container()) {
      c.run("mkdir /d && echo x > /d/one && ln /d/one /d/two && truncate -s 1M /d/hole");
      c.write("/more", "more").commit("app:1");
      StoreUsage usage = cooper.maintenance().usage();
      assertThat(usage.total()).isEqualTo(du());
      assertThat(usage.of(StoreUsage.Kind.TREE).onDisk()).isGreaterThan(1 << 20);
      assertThat(usage.of(StoreUsage.Kind.CONTAINER).bytes()).isGreaterThan(1 << 20);
    }
    cooper.images().forEach(Image::remove);
  }

  @Test
  void pruneRemovesCachesThatNoCommandHasMounted() throws IOException {
    busybox().tag("base:1");
    PruneOptions options = PruneOptions.DEFAULT.andCaches().andTrees();
    try (WorkingContainer c = container()) {
      Command mounted =
          Command.shell("echo kept > /cache/file").mount(Mount.cache("tools", "/cache"));
      c.run(mounted);
      assertThat(cooper.maintenance().usage().of(StoreUsage.Kind.CACHE).bytes()).isPositive();
      assertThat(cooper.maintenance().prune(options.onlyTelling()).removed())
          .containsExactly(new PruneReport.Pruned(PruneReport.Kind.CACHE, "tools"));
      assertThat(cooper.maintenance().prune(options).removed()).hasSize(1);
      assertThat(names(store.resolve("cache"))).isEmpty();
      c.run(mounted);
      assertThat(names(store.resolve("cache"))).hasSize(2);
    }
    PruneReport report = cooper.maintenance().prune(options);
    assertThat(report.removed()).hasSize(2);
    assertThat(report.bytesFreed()).isGreaterThan(1 << 20);
    try (WorkingContainer c = cooper.from("base:1")) {
      c.run("true"); // unpacked again
    }
    assertThat(cooper.maintenance().check().findings()).isEmpty();
  }

  @Test
  void loadWhenALayerIsBrokenNamesItOnce() throws IOException {
    Path layout = temp.resolve("layout");
    Image image = busybox().tag("base:1");
    image.save(layout, SaveOptions.ociLayout().compression(Compression.NONE));
    image.remove();
    Descriptor layer = Layouts.manifest(layout).layers().get(0);
    Path blob = Layouts.blob(layout, layer);
    byte[] bytes = Files.readAllBytes(blob);
    bytes[bytes.length / 2] ^= 1;
    Files.write(blob, bytes);
    assertThatThrownBy(() -> cooper.load(layout))
        .isInstanceOf(ContentException.class)
        .satisfies(e -> assertThat(e.getMessage().split("layer " + layer.digest(), -1)).hasSize(2));
  }
}

package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.cooper.Cooper;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.image.CopyImageOptions;
import dev.cooper.image.PullOptions;
import dev.cooper.image.PullPolicy;
import dev.cooper.image.PushOptions;
import dev.cooper.image.SaveOptions;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.ImageLimits;
import dev.cooper.oci.compress.Compression;
import dev.cooper.oci.registry.CredentialsProvider;
import dev.cooper.oci.registry.RegistriesConf;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.assertj.core.api.AbstractThrowableAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Limits on what an image may cost, on every way in: an error names each, and nothing is left. */
class LimitsIT extends EndToEnd {
  private static final List<String> FILES = List.of("a", "b", "c", "d");

  /** An image of two layers with two files of 100 KiB each, wherever an image can lie. */
  private Image image;

  @BeforeEach
  void build() throws IOException {
    try (WorkingContainer c = cooper.scratch()) {
      write(c, 0);
      Image lower = c.commit();
      try (WorkingContainer d = cooper.from(lower)) {
        write(d, 2);
        image = d.commit().tag("app:1");
      }
    }
  }

  private static void write(WorkingContainer container, int from) {
    for (String name : FILES.subList(from, from + 2)) {
      container.write("/" + name, new byte[100 << 10], UnaryOperator.identity());
    }
  }

  /** Each way to bring the image into another store. */
  private Map<String, Consumer<Cooper>> ways() throws IOException {
    Map<String, Consumer<Cooper>> ways = new TreeMap<>();
    Map<String, SaveOptions> formats =
        Map.of(
            "layout", SaveOptions.ociLayout(),
            "archive", SaveOptions.ociArchive().compression(Compression.ZSTD),
            "docker", SaveOptions.dockerArchive());
    for (Map.Entry<String, SaveOptions> format : formats.entrySet()) {
      Path path = temp.resolve(format.getKey());
      image.save(path, format.getValue());
      ways.put("load of a " + format.getKey(), other -> other.load(path));
      ways.put("from a " + format.getKey(), other -> other.from(path).close());
    }
    Path archive = temp.resolve("archive");
    ways.put("load, unpacked", other -> other.loadAndUnpack(archive));
    String layout = "oci:" + temp.resolve("layout");
    ways.put("copy", other -> other.copy(layout, "copied:1", CopyImageOptions.DEFAULT));
    return ways;
  }

  private void assertLimit(
      String limit,
      UnaryOperator<ImageLimits> enough,
      UnaryOperator<ImageLimits> tooLittle,
      Map<String, Consumer<Cooper>> ways)
      throws IOException {
    for (Map.Entry<String, Consumer<Cooper>> way : ways.entrySet()) {
      Path place = Files.createTempDirectory(temp, "other");
      try (Cooper other = other(place, tooLittle)) {
        assertOver(limit, () -> way.getValue().accept(other)).as(way.getKey());
        assertThat(other.images()).isEmpty();
      }
      try (Cooper other = other(place, enough)) {
        way.getValue().accept(other);
        other.images().forEach(Image::remove);
      }
      assertThat(names(place.resolve("staging"))).as(way.getKey()).isEmpty();
    }
  }

  private Cooper other(Path place, UnaryOperator<ImageLimits> limits) {
    return builder().store(place).limits(limits.apply(ImageLimits.DEFAULT)).build();
  }

  private static AbstractThrowableAssert<?, ? extends Throwable> assertOver(
      String limit, ThrowingCallable action) {
    return assertThatThrownBy(action)
        .isInstanceOf(ContentException.class)
        .hasMessageContaining("over the limit " + limit + " of ")
        .hasMessageContaining("Cooper.builder().limits");
  }

  @Test
  void layersThatAreTooManyAreRefusedOnEveryWay() throws IOException {
    assertLimit("layers", l -> l.withLayers(2), l -> l.withLayers(1), ways());
  }

  @Test
  void entriesThatAreTooManyAreRefusedOnEveryWay() throws IOException {
    Map<String, Consumer<Cooper>> ways = ways();
    assertLimit("layerEntries", l -> l.withLayerEntries(2), l -> l.withLayerEntries(1), ways);
    assertLimit("imageEntries", l -> l.withImageEntries(4), l -> l.withImageEntries(3), ways);
  }

  @Test
  void bytesThatAreTooManyAreRefusedOnEveryWay() throws IOException {
    Map<String, Consumer<Cooper>> ways = ways();
    assertLimit("layerBytes", l -> l.withLayerBytes(1 << 20), l -> l.withLayerBytes(150_000), ways);
    assertLimit(
        "imageBytes", l -> l.withImageBytes(400 << 10), l -> l.withImageBytes(400_000), ways);
  }

  @Test
  void documentsThatAreTooLongAreRefusedOnEveryWay() throws IOException {
    assertLimit("documentBytes", l -> l, l -> l.withDocumentBytes(200), ways());
  }

  @Test
  void pullsOverALimitAreRefused() throws IOException {
    try (LocalRegistry registry = LocalRegistry.start(temp)) {
      try (Cooper pushing = registry(store.resolveSibling("pushing"), l -> l)) {
        pushing.load(saved());
        pushing.image("app:1").push(registry.at("app:1"), PushOptions.DEFAULT);
      }
      Map<String, UnaryOperator<ImageLimits>> limits =
          Map.of(
              "layers", l -> l.withLayers(1),
              "layerEntries", l -> l.withLayerEntries(1),
              "imageEntries", l -> l.withImageEntries(3),
              "layerBytes", l -> l.withLayerBytes(150_000),
              "imageBytes", l -> l.withImageBytes(400_000),
              "documentBytes", l -> l.withDocumentBytes(200));
      for (Map.Entry<String, UnaryOperator<ImageLimits>> each : limits.entrySet()) {
        Path place = Files.createTempDirectory(temp, "other");
        try (Cooper other = registry(place, each.getValue())) {
          assertOver(each.getKey(), () -> other.pull(registry.at("app:1"), PullOptions.DEFAULT));
          assertThat(other.images()).isEmpty();
        }
        assertThat(names(place.resolve("staging"))).isEmpty();
      }
    }
  }

  private Path saved() {
    Path path = temp.resolve("saved");
    image.save(path, SaveOptions.ociLayout());
    return path;
  }

  private Cooper registry(Path place, UnaryOperator<ImageLimits> limits) {
    return builder()
        .store(place)
        .pullPolicy(PullPolicy.MISSING)
        .limits(limits.apply(ImageLimits.DEFAULT))
        .registries(RegistriesConf.EMPTY)
        .credentials(CredentialsProvider.NONE)
        .build();
  }

  @Test
  void archivesOverALimitAreNotAdded() throws IOException {
    Path tar = temp.resolve("four.tar");
    Files.write(
        tar,
        Tars.of(
            out -> {
              for (String name : FILES) {
                Tars.file(out, name, 0644, new byte[100 << 10]);
              }
            }));
    Map<String, Consumer<Cooper>> ways = new TreeMap<>();
    ways.put("importRoot", other -> other.importRoot(tar));
    ways.put("from", other -> other.from(tar).close());
    ways.put(
        "add",
        other -> {
          try (WorkingContainer c = other.scratch()) {
            c.add(tar, "/to/");
          }
        });
    assertLimit("layerEntries", l -> l.withLayerEntries(4), l -> l.withLayerEntries(3), ways);
    assertLimit("imageEntries", l -> l.withImageEntries(4), l -> l.withImageEntries(3), ways);
    assertLimit("metadataBytes", l -> l.withMetadataBytes(4), l -> l.withMetadataBytes(3), ways);
    assertLimit(
        "layerBytes", l -> l.withLayerBytes(400 << 10), l -> l.withLayerBytes(400_000), ways);
  }

  @Test
  void entriesThatAreOddAreRefusedByTheLimitsOfEach() throws IOException {
    Path tree = host("odd/" + "n".repeat(200), "x").getParent();
    try (RandomAccessFile sparse = new RandomAccessFile(tree.resolve("sparse").toFile(), "rw")) {
      for (int i = 0; i < 8; i++) {
        sparse.seek((1L << 20) * i);
        sparse.write(1);
      }
    }
    Path tar = temp.resolve("odd.tar");
    String name = tree.toString();
    Tools.run("setfattr", "-n", "user.x", "-v", "v".repeat(1000), name + "/sparse");
    Tools.run(
        "tar",
        "-C",
        name,
        "-cf",
        tar.toString(),
        "--format=posix",
        "-S",
        "--xattrs",
        "--sparse-version=0.1",
        ".");
    Files.write(tar, new byte[1 << 16], StandardOpenOption.APPEND);
    Map<String, Consumer<Cooper>> way = Map.of("importRoot", other -> other.importRoot(tar));
    assertLimit("nameBytes", l -> l.withNameBytes(300), l -> l.withNameBytes(100), way);
    assertLimit("xattrBytes", l -> l.withXattrBytes(1000), l -> l.withXattrBytes(999), way);
    assertLimit("headerBytes", l -> l, l -> l.withHeaderBytes(500), way);
    assertLimit("sparseSegments", l -> l.withSparseSegments(20), l -> l.withSparseSegments(5), way);
    assertLimit("trailingBytes", l -> l, l -> l.withTrailingBytes(1000), way);
  }

  @Test
  void archivesThatUnpackToTooManyTimesTheirSizeAreRefused() throws IOException {
    Path tar = temp.resolve("zeros.tar.zst");
    Tools.run(
        "sh",
        "-ec",
        "cd \"$1\"; truncate -s 1100M zeros; tar -c zeros | zstd -q -3 >\"$2\"; rm zeros",
        "sh",
        temp.toString(),
        tar.toString());
    try (Cooper other = other(temp.resolve("other"), l -> l.withRatio(10))) {
      assertOver("ratio", () -> other.importRoot(tar));
    }
    assertThat(names(temp.resolve("other/staging"))).isEmpty();
  }

  @Test
  void downloadsWithoutEndAreCut() throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          try (exchange) {
            exchange.sendResponseHeaders(200, 0);
            while (true) {
              exchange.getResponseBody().write(new byte[1 << 16]);
            }
          }
        });
    server.start();
    URI url = URI.create("http://localhost:" + server.getAddress().getPort() + "/file");
    try (Cooper other = other(temp.resolve("other"), l -> l.withLayerBytes(10 << 20));
        WorkingContainer c = other.scratch()) {
      assertOver("layerBytes", () -> c.add(url, "/", UnaryOperator.identity()));
    } finally {
      server.stop(0);
    }
  }
}

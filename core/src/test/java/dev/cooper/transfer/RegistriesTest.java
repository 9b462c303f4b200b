package dev.cooper.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.cooper.Cooper;
import dev.cooper.Image;
import dev.cooper.TestImages;
import dev.cooper.WorkingContainer;
import dev.cooper.error.ImageNotFoundException;
import dev.cooper.event.BuildEvent;
import dev.cooper.image.CopyImageOptions;
import dev.cooper.image.PullOptions;
import dev.cooper.image.PullPolicy;
import dev.cooper.maintenance.PruneOptions;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.Index;
import dev.cooper.oci.Manifest;
import dev.cooper.oci.MediaType;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.Platform;
import dev.cooper.oci.registry.CredentialsProvider;
import dev.cooper.oci.registry.RegistriesConf;
import dev.cooper.oci.registry.RegistryException;
import dev.cooper.oci.registry.RegistryRule;
import dev.cooper.oci.registry.ShortNameMode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is pulled, from where, and what becomes of failures. */
class RegistriesTest {
  private static final Platform OTHER =
      Platform.current().architecture().equals("arm64")
          ? Platform.of("linux", "amd64")
          : Platform.of("linux", "arm64");

  @TempDir Path temp;
  private final Map<String, byte[]> served = new ConcurrentHashMap<>();
  private final Map<String, String> types = new ConcurrentHashMap<>();
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private final List<String> notices = new CopyOnWriteArrayList<>();
  private HttpServer server;
  private String address;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
    address = "127.0.0.1:" + server.getAddress().getPort();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getPath();
      requests.add(exchange.getRequestMethod() + " " + path);
      byte[] body = served.get(path);
      if (body == null) {
        exchange.sendResponseHeaders(path.equals("/v2/") ? 200 : 404, -1);
        return;
      }
      if (types.containsKey(path)) {
        exchange.getResponseHeaders().add("Content-Type", types.get(path));
      }
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  private Descriptor serve(String repository, Platform platform, String text) throws IOException {
    byte[] tar = TestImages.greeting(text);
    byte[] config = ImageConfig.of(platform).withDiffId(Digest.sha256(tar)).toBytes();
    Descriptor layer = Descriptor.of(MediaType.OCI_LAYER, tar);
    Descriptor configBlob = Descriptor.of(MediaType.OCI_CONFIG, config);
    served.put("/v2/" + repository + "/blobs/" + layer.digest(), tar);
    served.put("/v2/" + repository + "/blobs/" + configBlob.digest(), config);
    byte[] manifest = Manifest.of(MediaType.OCI_MANIFEST, configBlob, List.of(layer)).toBytes();
    return serve(repository, MediaType.OCI_MANIFEST, manifest);
  }

  private Descriptor serve(String repository, MediaType type, byte[] manifest) {
    Descriptor descriptor = Descriptor.of(type, manifest);
    for (String each : List.of("latest", descriptor.digest().toString())) {
      served.put("/v2/" + repository + "/manifests/" + each, manifest);
      types.put("/v2/" + repository + "/manifests/" + each, type.value());
    }
    return descriptor;
  }

  private Cooper cooper(RegistriesConf conf) {
    return Cooper.builder()
        .store(temp.resolve("store"))
        .registries(conf)
        .credentials(CredentialsProvider.NONE)
        .registryClient(client -> client.retries(0))
        .listener(
            event -> {
              if (event instanceof BuildEvent.Notice notice) {
                notices.add(notice.message());
              }
            })
        .build();
  }

  private static PullOptions policy(PullPolicy policy) {
    return PullOptions.DEFAULT.policy(policy);
  }

  @Test
  void pullReadsManifestConfigAndLayerOnce() throws IOException {
    serve("app", Platform.current(), "hello");
    try (Cooper cooper = cooper(RegistriesConf.EMPTY)) {
      cooper.pull(address + "/app");
    }
    assertThat(requests)
        .filteredOn(each -> each.contains("/app/"))
        .hasSize(3)
        .doesNotHaveDuplicates();
  }

  @Test
  void pullWhenANewerOneCantBeHadUsesTheStores() throws IOException {
    String name = address + "/app";
    serve("app", Platform.current(), "hello");
    try (Cooper cooper = cooper(RegistriesConf.EMPTY)) {
      Image old = cooper.pull(name);
      // Gone, of another platform alone, with a forged layer, and not to be reached at all.
      Runnable[] failures = {
        () -> served.clear(),
        () -> serve("app", MediaType.OCI_INDEX, Index.of(List.of()).toBytes()),
        this::forge,
        () -> server.stop(0),
      };
      for (Runnable each : failures) {
        notices.clear();
        each.run();
        assertThat(cooper.pull(name, policy(PullPolicy.NEWER)).id()).isEqualTo(old.id());
        assertThat(notices)
            .singleElement()
            .asString()
            .startsWith("cannot pull a newer " + name + ", the store's is used: ");
        assertThatThrownBy(() -> cooper.pull(name, policy(PullPolicy.ALWAYS)))
            .isInstanceOf(RuntimeException.class);
      }
    }
  }

  /** An index of this machine's image and of another's. */
  private Descriptor serveBoth(String repository) throws IOException {
    Descriptor here = serve(repository, Platform.current(), "here");
    Descriptor there = serve(repository, OTHER, "there");
    Index both =
        Index.of(List.of(there.withPlatform(OTHER), here.withPlatform(Platform.current())));
    return serve(repository, MediaType.OCI_INDEX, both.toBytes());
  }

  @Test
  void pullForAnotherPlatformLeavesTheNameToThisMachines() throws IOException {
    String name = address + "/app";
    Descriptor index = serveBoth("app");
    try (Cooper cooper = cooper(RegistriesConf.EMPTY)) {
      Image there = cooper.pull(name, PullOptions.DEFAULT.platform(OTHER.toString()));
      assertThat(there.platform()).isEqualTo(OTHER);
      assertThatThrownBy(() -> cooper.pull(name, policy(PullPolicy.NEVER)))
          .isInstanceOf(ImageNotFoundException.class)
          .hasMessageContaining("for " + OTHER + ", and not for " + Platform.current());
      try (WorkingContainer c = cooper.from(name)) { // the registry is asked for this machine's
        assertThat(c.config().config()).isEqualTo(cooper.image(name).config().config());
      }
      Image here = cooper.image(name);
      assertThat(here.platform()).isEqualTo(Platform.current());
      requests.clear();
      assertThat(cooper.pull(name).id()).isEqualTo(here.id());
      assertThat(cooper.pull(name, PullOptions.DEFAULT.platform(OTHER.toString())).id())
          .isEqualTo(there.id());
      cooper.from(name, OTHER).close();
      assertThat(requests).isEmpty();
      // By which digests the registry knows them: the manifest's, and the index's.
      for (Image each : List.of(here, there)) {
        assertThat(each.repoDigests())
            .containsExactly(address + "/app@" + each.digest(), address + "/app@" + index.digest());
      }
      assertThat(cooper.pull(address + "/app@" + index.digest()).id()).isEqualTo(here.id());
      assertThat(cooper.image(address + "/app@" + index.digest(), OTHER).id())
          .isEqualTo(there.id());
      assertThat(requests).isEmpty();
    }
  }

  @Test
  void pullByAnIndexsDigestIsFoundByItForEachPlatform() throws IOException {
    Descriptor index = serveBoth("app");
    String name = address + "/app@" + index.digest();
    try (Cooper cooper = cooper(RegistriesConf.EMPTY)) {
      Image here = cooper.pull(name);
      assertThat(here.names()).containsExactly(name);
      Image there = cooper.pull(name, PullOptions.DEFAULT.platform(OTHER.toString()));
      assertThat(here.id()).isNotEqualTo(there.id());
      requests.clear();
      assertThat(cooper.pull(name).id()).isEqualTo(here.id());
      assertThat(cooper.pull(address + "/app:tag@" + index.digest()).id()).isEqualTo(here.id());
      assertThat(requests).isEmpty();
      cooper.maintenance().prune(PruneOptions.DEFAULT); // both have a name
      assertThat(cooper.images()).hasSize(2);
      assertThat(cooper.maintenance().check().findings()).isEmpty();
    }
    try (Cooper again = cooper(RegistriesConf.EMPTY)) {
      assertThat(again.image(name).platform()).isEqualTo(Platform.current());
      again.image(name).untag(name);
      assertThat(again.image(name, OTHER).platform()).isEqualTo(OTHER);
    }
  }

  @Test
  void pullWhenNoRegistryHasThisMachinesNamesThePlatformsThatAreThere() throws IOException {
    String name = address + "/app";
    serveBoth("app");
    try (Cooper cooper = cooper(RegistriesConf.EMPTY)) {
      cooper.pull(name, PullOptions.DEFAULT.platform(OTHER.toString()));
      served.clear();
      assertThatThrownBy(() -> cooper.from(name))
          .isInstanceOf(ImageNotFoundException.class)
          .hasMessageContaining("for " + OTHER + ", and not for " + Platform.current())
          .hasMessageContaining("404");
      server.stop(0);
      assertThatThrownBy(() -> cooper.from(name)).isInstanceOf(RegistryException.class);
      assertThat(notices)
          .singleElement()
          .asString()
          .contains("for " + OTHER + ", and not for " + Platform.current());
    }
  }

  private void forge() {
    try {
      Descriptor root = serve("app", Platform.current(), "newer");
      byte[] manifest = served.get("/v2/app/manifests/" + root.digest());
      Descriptor layer = Manifest.parse(manifest, MediaType.OCI_MANIFEST).layers().get(0);
      byte[] forged = served.get("/v2/app/blobs/" + layer.digest()).clone();
      forged[600]++;
      served.put("/v2/app/blobs/" + layer.digest(), forged);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void pullOfAnAmbiguousNameThatTheStoreHasAsksNobody() throws IOException {
    serve("x", Platform.current(), "hello");
    RegistriesConf two =
        RegistriesConf.EMPTY
            .withSearch(List.of("other.test", address))
            .withShortNameMode(ShortNameMode.ENFORCING);
    try (Cooper cooper = cooper(two)) {
      Image there = cooper.pull(address + "/x");
      requests.clear();
      assertThat(cooper.pull("x", policy(PullPolicy.MISSING)).id()).isEqualTo(there.id());
      assertThat(cooper.pull("x", policy(PullPolicy.NEVER)).id()).isEqualTo(there.id());
      assertThat(requests).isEmpty();
      assertThatThrownBy(() -> cooper.pull("x", policy(PullPolicy.ALWAYS)))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("could be of other.test or " + address);
    }
  }

  @Test
  void pullOfAShortNameGoesOnToTheNextRegistryAfterAnyFailure() throws IOException {
    serve("x", Platform.current(), "hello");
    RegistriesConf conf =
        RegistriesConf.EMPTY
            .with(RegistryRule.of("blocked.test").withBlocked(true))
            .withShortNameMode(ShortNameMode.DISABLED);
    try (Cooper cooper = cooper(conf.withSearch(List.of("blocked.test", address)))) {
      assertThat(cooper.pull("x").names())
          .extracting(Object::toString)
          .contains(address + "/x:latest");
      assertThatThrownBy(() -> cooper.pull("y"))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("cannot pull y: ")
          .hasMessageContaining("blocked.test")
          .hasMessageContaining("http://" + address + "/v2/y/manifests/latest: answered 404");
    }
  }

  /** docker pull refuses it where a platform was asked for, buildah warns where none was. */
  @Test
  void pullOfAnImageForAnotherPlatformAloneIsToldOrRefused() throws IOException {
    String name = address + "/app";
    serve("app", OTHER, "hello");
    try (Cooper cooper = cooper(RegistriesConf.EMPTY)) {
      PullOptions here = PullOptions.DEFAULT.platform(Platform.current().toString());
      assertThatThrownBy(() -> cooper.pull(name, here))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("is an image for " + OTHER + " alone")
          .hasMessageContaining("was asked for");
      assertThat(requests).noneMatch(each -> each.contains("GET /v2/app/blobs/") && isLayer(each));
      assertThat(cooper.images()).isEmpty();
      cooper.pull(name);
      assertThat(notices)
          .singleElement()
          .asString()
          .contains("is an image for " + OTHER + " alone, and this machine is ");
      notices.clear();
      cooper.pull(name, PullOptions.DEFAULT.platform(OTHER.toString()).policy(PullPolicy.ALWAYS));
      assertThat(notices).isEmpty();
    }
  }

  private static boolean isLayer(String request) {
    try {
      return request.endsWith(Digest.sha256(TestImages.greeting("hello")).toString());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** No such index can be made, as its digest would have to be in it; a registry can pretend. */
  @Test
  void pullOfAnIndexThatContainsItselfIsRefused() {
    byte[] inner = Index.of(List.of()).toBytes();
    Descriptor self = Descriptor.of(MediaType.OCI_INDEX, inner).withPlatform(Platform.current());
    byte[] outer = Index.of(List.of(self)).toBytes();
    serve("app", MediaType.OCI_INDEX, outer);
    String path = "/v2/app/manifests/" + self.digest();
    served.put(path, outer);
    types.put(path, MediaType.OCI_INDEX.value());
    try (Cooper cooper = cooper(RegistriesConf.EMPTY)) {
      assertThatThrownBy(() -> cooper.pull(address + "/app"))
          .isInstanceOf(RuntimeException.class)
          .hasMessageContaining("expected " + self.digest());
    }
    assertThat(requests.size()).isLessThan(12);
  }

  @Test
  void indexesInIndexesAreFollowedOnlySoFar() {
    Descriptor inner = Descriptor.of(MediaType.OCI_INDEX, Index.of(List.of()).toBytes());
    for (int depth = 0; depth < 12; depth++) {
      byte[] index = Index.of(List.of(inner.withPlatform(Platform.current()))).toBytes();
      serve("app", MediaType.OCI_INDEX, index);
      inner = Descriptor.of(MediaType.OCI_INDEX, index);
      String path = "/v2/app/manifests/" + inner.digest();
      served.put(path, index);
      types.put(path, MediaType.OCI_INDEX.value());
    }
    try (Cooper cooper = cooper(RegistriesConf.EMPTY)) {
      assertThatThrownBy(() -> cooper.pull(address + "/app"))
          .isInstanceOf(RuntimeException.class)
          .hasMessageContaining("lies in more than 8 others");
      assertThat(requests.stream().filter(each -> each.startsWith("GET /v2/app/manifests")))
          .hasSizeBetween(9, 10);
      requests.clear();
      assertThatThrownBy(
              () ->
                  cooper.copy(
                      "docker://" + address + "/app",
                      "docker://" + address + "/other",
                      CopyImageOptions.DEFAULT.everything()))
          .isInstanceOf(RuntimeException.class)
          .hasMessageContaining("lies in more than 8");
    }
  }

  @Test
  void failureOfTheOnlyRegistryIsItsOwn() {
    server.stop(0);
    try (Cooper cooper = cooper(RegistriesConf.EMPTY)) {
      assertThatThrownBy(() -> cooper.pull(address + "/app")).isInstanceOf(RegistryException.class);
    }
  }
}

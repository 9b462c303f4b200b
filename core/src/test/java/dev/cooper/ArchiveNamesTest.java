package dev.cooper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.error.ImageNotFoundException;
import dev.cooper.error.SourceNotFoundException;
import dev.cooper.event.BuildEvent;
import dev.cooper.image.CopyImageOptions;
import dev.cooper.image.PullPolicy;
import dev.cooper.image.SaveOptions;
import dev.cooper.io.Directories;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.Descriptor;
import dev.cooper.oci.Index;
import dev.cooper.oci.layout.ImageNames;
import dev.cooper.oci.registry.CredentialsProvider;
import dev.cooper.oci.registry.RegistriesConf;
import dev.cooper.store.StoreIndex;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What an archive of a stranger may call its images, and which file is taken for which kind. */
class ArchiveNamesTest {
  private static final String OTHER = "sha256:" + "a".repeat(64);

  @TempDir Path directory;
  private final List<String> notices = new ArrayList<>();
  private Cooper cooper;

  @BeforeEach
  void open() {
    cooper =
        Cooper.builder()
            .store(directory.resolve("store"))
            .registries(RegistriesConf.EMPTY)
            .credentials(CredentialsProvider.NONE)
            .pullPolicy(PullPolicy.NEVER)
            .listener(
                event -> {
                  if (event instanceof BuildEvent.Notice notice) {
                    notices.add(notice.message());
                  }
                })
            .build();
  }

  @AfterEach
  void close() {
    cooper.close();
  }

  private Image commit(String content, String... names) {
    try (WorkingContainer c = cooper.scratch()) {
      return c.write("/content", content).commit(names);
    }
  }

  /** An archive as docker save makes it, with any tags. */
  private Path dockerArchive(Image image, String... tags) throws IOException {
    Path made = Files.createTempFile(directory, "a", ".tar");
    Files.delete(made);
    image.save(made, SaveOptions.dockerArchive());
    List<String> quoted = new ArrayList<>();
    for (String each : tags) {
      quoted.add("\"" + each + "\"");
    }
    return rewritten(made, "\"RepoTags\":[]", "\"RepoTags\":[" + String.join(",", quoted) + "]");
  }

  /** An archive whose manifest.json says something else. */
  private static Path rewritten(Path archive, String old, String now) throws IOException {
    byte[] tar =
        TestImages.tar(
            out -> {
              try (var in = dev.cooper.oci.layer.TarReader.over(Files.newInputStream(archive))) {
                for (var entry = in.next(); entry != null; entry = in.next()) {
                  String content =
                      new String(in.content().readAllBytes(), StandardCharsets.ISO_8859_1);
                  boolean list = entry.path().toString().equals("manifest.json");
                  byte[] bytes =
                      (list ? content.replace(old, now) : content)
                          .getBytes(StandardCharsets.ISO_8859_1);
                  assertThat(list && !content.contains(old)).isFalse();
                  out.begin(dev.cooper.oci.layer.TarEntry.file(entry.path(), 0644, bytes.length));
                  out.write(bytes, 0, bytes.length);
                  out.end();
                }
              }
            });
    return Files.write(archive, tar);
  }

  private Path layout(Image image, String name, String... more) throws IOException {
    Path layout = Files.createTempDirectory(directory, "l").resolve("layout");
    image.save(layout, SaveOptions.ociLayout());
    Path json = layout.resolve("index.json");
    Descriptor entry = Index.parse(Files.readAllBytes(json)).manifests().get(0);
    Descriptor named = entry.withAnnotations(java.util.Map.of(ImageNames.REF_NAME, name));
    for (int i = 0; i < more.length; i += 2) {
      named = named.withAnnotation(more[i], more[i + 1]);
    }
    Files.write(json, Index.of(List.of(named)).toBytes());
    return layout;
  }

  private void assertLeftOut(String name) {
    assertThat(notices)
        .singleElement()
        .asString()
        .contains("the name \"" + name + "\"")
        .contains("is left out");
  }

  @Test
  void loadWhenANameHoldsAnotherDigestLeavesItOut() throws IOException {
    Image evil = commit("evil");
    for (String name : List.of("debian@" + OTHER, "debian:12@" + OTHER)) {
      for (Path path : List.of(dockerArchive(evil, name, "good:1"), layout(evil, name))) {
        notices.clear();
        List<Image> loaded = cooper.load(path);
        assertThat(loaded).isNotEmpty();
        assertLeftOut(name);
        for (String asked : List.of("debian@" + OTHER, "debian:12@" + OTHER, "debian:12")) {
          assertThatThrownBy(() -> cooper.from(asked))
              .as("%s: %s", path, asked)
              .isInstanceOf(ImageNotFoundException.class);
        }
      }
    }
    assertThat(cooper.image("good:1").config().diffIds()).isEqualTo(evil.config().diffIds());
  }

  @Test
  void loadWhenTheDigestIsItsOwnTakesTheName() throws IOException {
    Image image = commit("x");
    Path plain = layout(image, "placeholder");
    String digest =
        Index.parse(Files.readAllBytes(plain.resolve("index.json")))
            .manifests()
            .get(0)
            .digest()
            .toString();
    Path named = layout(image, "x/y@" + digest);
    assertThat(cooper.load(named).get(0).names()).containsExactly("x/y@" + digest);
    assertThat(notices).isEmpty();
    assertThat(cooper.image("x/y:any@" + digest).id()).isEqualTo(image.id());
  }

  /** What the store itself writes there is not believed of others. */
  @Test
  void loadWhenAStrangerSaysThatRegistriesKnowItDoesNotBelieveIt() throws IOException {
    Image evil = commit("evil");
    String wanted = "registry.test/app@" + OTHER;
    Path layout = layout(evil, wanted, StoreIndex.DIGESTS, wanted, ImageNames.IMAGE_NAME, wanted);
    assertThat(cooper.load(layout).get(0).repoDigests()).isEmpty();
    assertLeftOut(wanted);
    assertThatThrownBy(() -> cooper.image(wanted)).isInstanceOf(ImageNotFoundException.class);
    cooper.copy("oci:" + layout, "mine:1", CopyImageOptions.DEFAULT);
    assertThatThrownBy(() -> cooper.image(wanted)).isInstanceOf(ImageNotFoundException.class);
  }

  @Test
  void loadWhenANameIsAnotherImagesIdLeavesItOut() throws IOException {
    Image victim = commit("victim", "victim:1");
    Image evil = commit("evil");
    String hex = victim.id().hex();
    for (String name :
        List.of(
            "sha256:" + hex,
            "sha256:" + hex.substring(0, 12),
            hex.substring(0, 12),
            hex.substring(0, 12) + ":latest",
            "docker.io/library/" + hex.substring(0, 20),
            hex.substring(0, 6) + ":latest",
            hex)) {
      for (Path path : List.of(dockerArchive(evil, name), layout(evil, name))) {
        notices.clear();
        cooper.load(path);
        assertThat(cooper.image(hex).id()).as(name).isEqualTo(victim.id());
        assertThat(cooper.image("sha256:" + hex).id()).as(name).isEqualTo(victim.id());
        for (int digits : List.of(6, 12, 20)) {
          assertThat(cooper.image(hex.substring(0, digits)).id()).as(name).isEqualTo(victim.id());
        }
      }
    }
    assertThat(cooper.images().stream().flatMap(each -> each.names().stream()))
        .containsExactly("victim:1");
  }

  @Test
  void loadWhenOneTagIsBadTakesTheOthers() throws IOException {
    Image image = commit("x");
    for (String bad : List.of("Up:1", "a//b:1", "x@sha256:12", "", "x:" + "t".repeat(200))) {
      notices.clear();
      Path archive = dockerArchive(image, "one:1", bad, "two:1");
      List<String> names =
          cooper.load(archive).stream().flatMap(each -> each.names().stream()).toList();
      assertThat(names).as(bad).containsExactly("one:1", "two:1");
      assertLeftOut(bad);
    }
  }

  @Test
  void loadWhenANameComesTwiceTheLastImageHasIt() throws IOException {
    Image first = commit("first", "app:1");
    Image second = commit("second", "app:1");
    Path archive = directory.resolve("both.tar");
    cooper.save(List.of(first, second), archive, SaveOptions.dockerArchive());
    cooper.load(archive);
    assertThat(cooper.image("app:1").config().diffIds()).isEqualTo(second.config().diffIds());
    cooper.copy("docker-archive:" + archive + ":app:1", "one:1", CopyImageOptions.DEFAULT);
    assertThat(cooper.image("one:1").config().diffIds()).isEqualTo(second.config().diffIds());
  }

  @Test
  void loadOfALayoutWithPlainTagsSaysNothing() throws IOException {
    Path layout = layout(commit("x"), "v1.0");
    assertThat(cooper.load(layout).get(0).names()).isEmpty();
    assertThat(notices).isEmpty();
  }

  // --- files that are given as something else

  @ParameterizedTest
  @ValueSource(strings = {"docker-archive:", "oci-archive:", "oci:"})
  void fromARootAsAnImageSaysHowToBegin(String kind) throws IOException {
    Path root = Files.write(directory.resolve("root.tar"), TestImages.greeting("x"));
    if (kind.equals("oci:")) {
      root = Files.createDirectory(directory.resolve("root"));
      Files.writeString(root.resolve("greeting"), "x");
    }
    String place = kind + root;
    String remedy = "rootfs:" + root;
    Path file = root;
    for (Runnable each :
        List.<Runnable>of(
            () -> cooper.from(place),
            () -> cooper.load(file),
            () -> cooper.copy(place, "x:1", CopyImageOptions.DEFAULT),
            () ->
                cooper.copy(place, "oci:" + directory.resolve("out"), CopyImageOptions.DEFAULT))) {
      assertThatThrownBy(each::run)
          .isInstanceOf(ContentException.class)
          .hasMessageContaining(remedy)
          .hasMessageContaining("importRoot");
    }
    cooper.from(remedy).close();
  }

  @Test
  void fromAPathAsANameSaysSoAndAsksNobody() throws IOException {
    Path tar = Files.write(directory.resolve("debian.tar"), TestImages.greeting("x"));
    Path tree = Files.createDirectories(directory.resolve("tree/bin")).getParent();
    Files.createDirectory(tree.resolve("etc"));
    Path here = Path.of("").toAbsolutePath();
    try (Cooper asking =
        Cooper.builder()
            .store(directory.resolve("asking"))
            .registries(RegistriesConf.EMPTY)
            .registryClient(
                client -> {
                  throw new AssertionError("a registry is asked");
                })
            .build()) {
      for (String text :
          List.of(tar.toString(), tree.toString(), here.relativize(tar).toString())) {
        for (Runnable each : List.<Runnable>of(() -> asking.from(text), () -> asking.pull(text))) {
          assertThatThrownBy(each::run)
              .hasMessageContaining("there is a file of this name: ")
              .hasMessageContaining("from(Path.of(\"" + text + "\"))");
        }
      }
      for (String text : List.of("/no/such.tar", "./no-such", "../no-such")) {
        assertThatThrownBy(() -> asking.from(text))
            .isInstanceOf(SourceNotFoundException.class)
            .hasMessageContaining("\"" + text + "\", and there is no file of this name");
      }
    }
  }

  /** As it is usual in a project's directory: pom.xml is a file, target a directory. */
  @Test
  void fromANameThatADirectoryHasTooIsAName() {
    assertThat(Files.isDirectory(Path.of("src"))).isEqualTo(Files.isDirectory(Path.of("src")));
    for (String each : Path.of("").toAbsolutePath().toFile().list()) {
      if (Files.isDirectory(Path.of(each)) && each.matches("[a-z]+")) {
        assertThatThrownBy(() -> cooper.from(each)).isInstanceOf(ImageNotFoundException.class);
      }
    }
  }

  @Test
  void fromANameOfTheStoreThatAFileHasTooTakesTheImage() throws IOException {
    Path file = Files.createTempFile(Path.of("").toAbsolutePath(), "x", "");
    try {
      String name = Directories.name(file).toLowerCase(java.util.Locale.ROOT);
      Image image = commit("x", name);
      try (WorkingContainer c = cooper.from(name)) {
        assertThat(c.config()).isEqualTo(image.config());
      }
    } finally {
      Files.delete(file);
    }
  }
}

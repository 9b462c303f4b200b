package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RegistriesConfTest {
  private static final String SYSTEM = "root/etc/containers/registries.conf";
  private static final String OWN = "home/.config/containers/registries.conf";
  private static final String DIGEST = "@sha256:" + "a".repeat(64);

  @TempDir Path directory;
  private TestHost host;

  @BeforeEach
  void create() {
    host = new TestHost(directory);
  }

  private RegistriesConf load() throws IOException {
    return RegistriesConf.load(host.environment());
  }

  private RegistriesConf of(String toml) throws IOException {
    return RegistriesConf.read(host.write("one.conf", toml));
  }

  private static List<String> places(EndpointResolver conf, String reference) throws IOException {
    return conf.endpoints(ImageReference.parse(reference)).stream()
        .map(RegistriesConfTest::show)
        .toList();
  }

  private static String show(Endpoint each) {
    return each.registry()
        + "/"
        + each.repository()
        + (each.insecure() ? " insecure" : "")
        + (each.mirror() ? " mirror" : "");
  }

  private static List<String> names(RegistriesConf conf, String name) {
    return conf.candidates(name).stream().map(ImageReference::toString).toList();
  }

  @Test
  void loadWithoutFilesAsksEachRegistryItself() throws IOException {
    assertThat(places(load(), "example.com/a/b:1")).containsExactly("example.com/a/b");
    assertThat(places(load(), "debian")).containsExactly("docker.io/library/debian");
    assertThat(places(load(), "localhost:5000/a")).containsExactly("localhost:5000/a insecure");
    assertThat(names(load(), "debian")).containsExactly("docker.io/library/debian:latest");
  }

  /** The manual's own example. */
  @Test
  void endpointsFollowsTheManualsExample() throws IOException {
    RegistriesConf conf =
        of(
            """
            unqualified-search-registries = ["example.com"]

            [[registry]]
            prefix = "example.com/foo"
            insecure = false
            blocked = false
            location = "internal-registry-for-example.com/bar"

            [[registry.mirror]]
            location = "example-mirror-0.local/mirror-for-foo"

            [[registry.mirror]]
            location = "example-mirror-1.local/mirrors/foo"
            insecure = true

            [[registry]]
            location = "registry.com"

            [[registry.mirror]]
            location = "mirror.registry.com"
            """);
    assertThat(places(conf, "example.com/foo/image:latest"))
        .containsExactly(
            "example-mirror-0.local/mirror-for-foo/image mirror",
            "example-mirror-1.local/mirrors/foo/image insecure mirror",
            "internal-registry-for-example.com/bar/image");
    assertThat(places(conf, "registry.com/image"))
        .containsExactly("mirror.registry.com/image mirror", "registry.com/image");
    assertThat(places(conf, "example.com/foobar/image"))
        .containsExactly("example.com/foobar/image");
    assertThat(show(conf.destination(ImageReference.parse("example.com/foo/image"))))
        .isEqualTo("example.com/foo/image");
    assertThat(conf.search()).containsExactly("example.com");
  }

  @ParameterizedTest
  @CsvSource({
    "a.com, a.com/x/y, new.com/x/y",
    "a.com, a.com:5000/x, a.com:5000/x",
    "a.com:5000, a.com:5000/x, new.com/x",
    "a.com, a.com.evil.com/x, a.com.evil.com/x",
    "a.com/x, a.com/x, ''",
    "a.com/x, a.com/x/y, new.com/y",
    "a.com/x, a.com/xy, a.com/xy",
    "*.a.com, b.a.com/x, new.com/x",
    "*.a.com, c.b.a.com:5000/x, new.com/x",
    "*.a.com, a.com/x, a.com/x",
    "*.a.com, ba.com/x, ba.com/x",
    "*.a.com, b.a.com.evil.com/x, b.a.com.evil.com/x",
    "docker.io/library, debian, new.com/debian",
    "docker.io, debian, new.com/library/debian",
    "docker.io/debian, debian, docker.io/library/debian",
  })
  void endpointsPutsTheLocationInThePrefixsPlace(String prefix, String reference, String place)
      throws IOException {
    RegistriesConf conf =
        RegistriesConf.EMPTY.with(RegistryRule.of(prefix).withLocation("new.com"));
    if (place.isEmpty()) {
      assertThatThrownBy(() -> places(conf, reference))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining("leaves no repository");
    } else {
      assertThat(places(conf, reference)).containsExactly(place);
    }
  }

  @Test
  void endpointsTakesTheLongestPrefix() throws IOException {
    RegistriesConf conf =
        RegistriesConf.EMPTY
            .with(RegistryRule.of("*.com").withLocation("w1.org"))
            .with(RegistryRule.of("*.b.com").withLocation("w2.org"))
            .with(RegistryRule.of("a.b.com").withLocation("host.org"))
            .with(RegistryRule.of("a.b.com/ns").withLocation("ns.org"))
            .with(RegistryRule.of("a.b.com/ns/repo").withLocation("repo.org/r"))
            .with(RegistryRule.of("a.b.com/ns/repo:1").withLocation("tag.org/r"))
            .with(RegistryRule.of("a.b.com/ns/repo" + DIGEST).withLocation("digest.org/r"));
    assertThat(places(conf, "x.com/a")).containsExactly("w1.org/a");
    assertThat(places(conf, "x.b.com/a")).containsExactly("w2.org/a");
    assertThat(places(conf, "a.b.com/a")).containsExactly("host.org/a");
    assertThat(places(conf, "a.b.com/ns/a")).containsExactly("ns.org/a");
    assertThat(places(conf, "a.b.com/ns/repo:2")).containsExactly("repo.org/r");
    assertThat(places(conf, "a.b.com/ns/repo:1")).containsExactly("tag.org/r");
    assertThat(places(conf, "a.b.com/ns/repo:10")).containsExactly("repo.org/r");
    assertThat(places(conf, "a.b.com/ns/repo" + DIGEST)).containsExactly("digest.org/r");
  }

  @Test
  void endpointsAsksMirrorsForWhatTheyAreFor() throws IOException {
    RegistryRule rule =
        RegistryRule.of("a.com")
            .withMirror(RegistryMirror.of("all.com"))
            .withMirror(RegistryMirror.of("d.com").withUse(RegistryMirror.Use.DIGEST_ONLY))
            .withMirror(RegistryMirror.of("t.com").withUse(RegistryMirror.Use.TAG_ONLY));
    RegistriesConf conf = RegistriesConf.EMPTY.with(rule);
    assertThat(places(conf, "a.com/x:1"))
        .containsExactly("all.com/x mirror", "t.com/x mirror", "a.com/x");
    assertThat(places(conf, "a.com/x" + DIGEST))
        .containsExactly("all.com/x mirror", "d.com/x mirror", "a.com/x");
    RegistriesConf digests =
        of(
            """
            [[registry]]
            location = "a.com"
            mirror-by-digest-only = true
            [[registry.mirror]]
            location = "m.com/deep"
            """);
    assertThat(places(digests, "a.com/x:1")).containsExactly("a.com/x");
    assertThat(places(digests, "a.com/x" + DIGEST))
        .containsExactly("m.com/deep/x mirror", "a.com/x");
  }

  @Test
  void endpointsOfAWildcardWithoutLocationKeepsTheName() throws IOException {
    RegistriesConf conf =
        of(
            """
            [[registry]]
            prefix = "*.a.com"
            insecure = true
            [[registry.mirror]]
            location = "m.com/hub"
            """);
    assertThat(places(conf, "b.a.com:5000/x/y"))
        .containsExactly("m.com/hub/x/y mirror", "b.a.com:5000/x/y insecure");
  }

  @Test
  void endpointsWhenBlockedSaysWhichRuleAndWhere() throws IOException {
    RegistriesConf conf =
        of(
            """
            [[registry]]
            location = "bad.com"
            blocked = true
            [[registry]]
            location = "bad.com/good"
            [[registry]]
            prefix = "*.worse.com"
            blocked = true
            """);
    for (String each : new String[] {"bad.com/x", "a.worse.com/x", "a.worse.com:5000/x"}) {
      assertThatThrownBy(() -> places(conf, each))
          .isInstanceOf(OperationException.class)
          .hasMessageContaining(each)
          .hasMessageContaining("is blocked in " + directory.resolve("one.conf"));
      assertThatThrownBy(() -> conf.destination(ImageReference.parse(each)))
          .isInstanceOf(OperationException.class);
    }
    assertThat(places(conf, "bad.com/good/x")).containsExactly("bad.com/good/x");
  }

  @Test
  void endpointsCompletesDockerHubsNames() throws IOException {
    RegistriesConf conf =
        RegistriesConf.EMPTY.with(RegistryRule.of("a.com").withLocation("docker.io"));
    assertThat(places(conf, "a.com/debian")).containsExactly("docker.io/library/debian");
    assertThat(places(conf, "a.com/me/app")).containsExactly("docker.io/me/app");
  }

  @Test
  void destinationOfAResolverIsItsPlaceThatIsNoMirror() throws IOException {
    ImageReference reference = ImageReference.parse("a.com/x");
    Endpoint mirror = new Endpoint("m.com", "x", false, true);
    Endpoint itself = new Endpoint("a.com", "x", false, false);
    EndpointResolver both = any -> List.of(mirror, itself);
    EndpointResolver none = any -> List.of(mirror);
    assertThat(both.destination(reference)).isEqualTo(itself);
    assertThatThrownBy(() -> none.destination(reference))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("a.com/x");
  }

  @Test
  void loadTakesTheUsersFileInTheSystemsPlace() throws IOException {
    host.write(SYSTEM, "unqualified-search-registries = ['system.com']");
    host.write("root/etc/containers/registries.conf.d/1.conf", "[aliases]\nx = 'a.com/x'");
    assertThat(load().search()).containsExactly("system.com");
    assertThat(load().aliases()).containsOnlyKeys("x");
    host.write("home/.config/containers/registries.conf.d/1.conf", "[aliases]\ny = 'a.com/y'");
    assertThat(load().aliases()).containsOnlyKeys("x", "y");
    host.write(OWN, "unqualified-search-registries = ['own.com']");
    assertThat(load().search()).containsExactly("own.com");
    assertThat(load().aliases()).containsOnlyKeys("y");
    host.variables.put(
        "CONTAINERS_REGISTRIES_CONF",
        host.write("named", "unqualified-search-registries = ['named.com']").toString());
    assertThat(load().search()).containsExactly("named.com");
    assertThat(load().aliases()).containsOnlyKeys("x", "y");
  }

  @Test
  void loadLetsLaterFilesOverwrite() throws IOException {
    host.write(
        SYSTEM,
        """
        unqualified-search-registries = ["one.com", "two.com"]
        short-name-mode = "enforcing"
        credential-helpers = ["pass"]
        [[registry]]
        location = "a.com"
        insecure = true
        [[registry.mirror]]
        location = "m.com"
        [[registry]]
        location = "b.com"
        insecure = true
        [aliases]
        x = "old.com/x"
        gone = "old.com/gone"
        """);
    String drop = "root/etc/containers/registries.conf.d/";
    host.write(drop + "20.conf", "[aliases]\nx = 'twenty.com/x'");
    host.write(
        drop + "10.conf",
        """
        [[registry]]
        location = "a.com"
        [aliases]
        x = "ten.com/x"
        gone = ""
        """);
    host.write(drop + "30.conf.bak", "not toml at all");
    RegistriesConf conf = load();
    assertThat(conf.search()).containsExactly("one.com", "two.com");
    assertThat(conf.shortNameMode()).isEqualTo(ShortNameMode.ENFORCING);
    assertThat(conf.credentialHelpers()).containsExactly("pass");
    assertThat(places(conf, "a.com/x")).containsExactly("a.com/x");
    assertThat(places(conf, "b.com/x")).containsExactly("b.com/x insecure");
    assertThat(conf.aliases()).containsEntry("x", "twenty.com/x").hasSize(1);
    assertThat(conf.rules()).hasSize(2);

    host.write(
        "home/.config/containers/registries.conf.d/1.conf",
        "unqualified-search-registries = []\nshort-name-mode = ''\ncredential-helpers = []");
    assertThat(load().search()).isEmpty();
    assertThat(load().shortNameMode()).isEqualTo(ShortNameMode.ENFORCING);
    assertThat(load().credentialHelpers()).isEmpty();
  }

  @Test
  void loadReadsTheAliasesThatPodmanRecorded() throws IOException {
    host.write(SYSTEM, "[aliases]\nx = 'a.com/x'");
    host.write("home/.cache/containers/short-name-aliases.conf", "[aliases]\nx = 'user.com/x'");
    host.write("root/var/cache/containers/short-name-aliases.conf", "[aliases]\nx='root.com/x'");
    assertThat(names(load(), "x:1")).containsExactly("user.com/x:1");
    host.uid = 0;
    assertThat(names(load(), "x:1")).containsExactly("root.com/x:1");
  }

  @Test
  void candidatesOfAShortNameAreAliasThenSearchThenDockerHub() {
    RegistriesConf conf =
        RegistriesConf.EMPTY
            .withSearch(List.of("one.com", "docker.io", "plain/ns/", "localhost:5000"))
            .withAlias("fedora", "registry.org/fedora")
            .withAlias("a/b", "docker.io/alpine");
    assertThat(names(conf, "fedora")).containsExactly("registry.org/fedora:latest");
    assertThat(names(conf, "fedora:40")).containsExactly("registry.org/fedora:40");
    assertThat(names(conf, "fedora" + DIGEST)).containsExactly("registry.org/fedora" + DIGEST);
    assertThat(names(conf, "fedora:40" + DIGEST))
        .containsExactly("registry.org/fedora:40" + DIGEST);
    assertThat(names(conf, "a/b")).containsExactly("docker.io/library/alpine:latest");
    assertThat(names(conf, "x:1"))
        .containsExactly(
            "one.com/x:1", "docker.io/library/x:1", "plain/ns/x:1", "localhost:5000/x:1");
    assertThat(names(conf, "x/y" + DIGEST)).first().isEqualTo("one.com/x/y" + DIGEST);
    assertThat(names(RegistriesConf.EMPTY, "x/y")).containsExactly("docker.io/x/y:latest");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"docker.io/x", "docker.io/library/x:1", "a.com/x", "localhost/x", "a:5000/x"})
  void candidatesOfAWholeNameIsThatAlone(String name) {
    RegistriesConf conf =
        RegistriesConf.EMPTY.withSearch(List.of("one.com")).withAlias("x", "b.com/x");
    assertThat(conf.candidates(name)).containsExactly(ImageReference.parse(name));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "X", "a b", "x:", "x@sha256:1", "../x", "-x", "x:1:2"})
  void candidatesWhenMalformedRefuses(String name) {
    assertThatThrownBy(() -> RegistriesConf.EMPTY.withSearch(List.of("a.com")).candidates(name))
        .isInstanceOf(ContentException.class);
  }

  @Test
  void candidatesWhenEnforcingRefusesToChoose() {
    RegistriesConf one =
        RegistriesConf.EMPTY
            .withSearch(List.of("one.com"))
            .withShortNameMode(ShortNameMode.ENFORCING);
    assertThat(names(one, "x")).containsExactly("one.com/x:latest");
    RegistriesConf two = one.withSearch(List.of("one.com", "two.com"));
    assertThatThrownBy(() -> two.candidates("x"))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("one.com or two.com")
        .hasMessageContaining("enforcing");
    assertThat(names(two.withAlias("x", "a.com/x"), "x")).containsExactly("a.com/x:latest");
    assertThat(two.withShortNameMode(ShortNameMode.DISABLED).candidates("x")).hasSize(2);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[registries.search]\\nregistries = ['a.com']|registries: found version 1",
        "registries = 7|registries: found version 1",
        "unqualified-search-registries = 'a.com'|found a string, expected an array",
        "unqualified-search-registries = [7]|unqualified-search-registries[0]: found a number",
        "unqualified-search-registries = ['http://a.com']|scheme",
        "unqualified-search-registries = ['../x']|expected host",
        "short-name-mode = 'strict'|expected one of [enforcing, permissive, disabled]",
        "short-name-mode = true|found true or false, expected a string",
        "registry = 'a.com'|expected an array",
        "[registry]\\nlocation='a.com'|found an object, expected an array",
        "[[registry]]|registry[0] has neither a prefix nor a location",
        "[[registry]]\\nprefix='a.com'|has a prefix and no location",
        "[[registry]]\\nprefix='a.*.com'\\nlocation='b.com'|registry[0] prefix",
        "[[registry]]\\nprefix='*.a.com/x'|registry[0] prefix",
        "[[registry]]\\nprefix='*.a.com:5000'|registry[0] prefix",
        "[[registry]]\\nprefix='*.'|registry[0] prefix",
        "[[registry]]\\nlocation='https://a.com'|scheme",
        "[[registry]]\\nlocation='a.com/UPPER'|expected host",
        "[[registry]]\\nlocation='a.com/../x'|expected host",
        "[[registry]]\\nprefix='a.com/x:1'\\nlocation='b.com/x:2'|can't be put",
        "[[registry]]\\nlocation='a.com'\\ninsecure='yes'|registry[0].insecure: found a string",
        "[[registry]]\\nlocation=['a.com']|registry[0].location: found an array",
        "[[registry]]\\nlocation='a.com'\\npull-from-mirror='all'|of a mirror alone",
        "[[registry]]\\nlocation='a.com'\\n[[registry.mirror]]|registry[0].mirror[0] has no loc",
        "[[registry]]\\nlocation='a.com'\\nmirror=['b.com']|mirror[0]: found a string",
        "[[registry]]\\nlocation='a.com'\\n[[registry.mirror]]\\nlocation='b.com'\\n"
            + "pull-from-mirror='never'|[all, digest-only, tag-only]",
        "[[registry]]\\nlocation='a.com'\\nmirror-by-digest-only=true\\n[[registry.mirror]]\\n"
            + "location='b.com'\\npull-from-mirror='tag-only'|beside mirror-by-digest-only",
        "[[registry]]\\nlocation='a.com'\\n[[registry]]\\nprefix='b.com'\\nlocation='a.com'\\n"
            + "insecure=true|registry[1] contradicts",
        "[aliases]\\n'a.com/x'='b.com/x'|without registry, tag and digest",
        "[aliases]\\n'x:1'='b.com/x'|without registry, tag and digest",
        "[aliases]\\nx='y'|expected a registry and a repository",
        "[aliases]\\nx='a.com/x:1'|expected a registry and a repository",
        "[aliases]\\nx=7|aliases.x: found a number",
        "aliases=[]|found an array",
        "[aliases]\\nx='a.com/x'\\nx='a.com/y'|found no valid TOML",
        "a = |found no valid TOML",
        "= 1|line 1",
      })
  void readWhenMalformedNamesFileAndPlace(String toml, String problem) {
    Path file = host.write("bad.conf", toml.replace("\\n", "\n"));
    assertThatThrownBy(() -> RegistriesConf.read(file))
        .isInstanceOf(ContentException.class)
        .hasMessageStartingWith(file.toString())
        .hasMessageContaining(problem);
  }

  @Test
  void readWhenHostileRefusesInBoundedTime() throws IOException {
    for (String content :
        List.of(
            "a=" + "[".repeat(200_000),
            "[a" + ".a".repeat(100_000) + "]",
            "a=" + "{a=".repeat(100_000),
            "a=" + "9".repeat(1_000_000),
            "#" + "x".repeat(5 << 20),
            "a='\u0000'")) {
      Path file = host.write("bad.conf", content);
      assertThatThrownBy(() -> RegistriesConf.read(file))
          .as(content.substring(0, 5))
          .isInstanceOf(ContentException.class)
          .hasMessageStartingWith(file.toString());
    }
    Path file = directory.resolve("bad.conf");
    Files.write(file, new byte[] {'#', (byte) 0xff, '\n'});
    assertThatThrownBy(() -> RegistriesConf.read(file)).hasMessageContaining("not UTF-8");
    assertThatThrownBy(() -> RegistriesConf.read(directory.resolve("none")))
        .isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void readLeavesWhatItDoesNotKnow() throws IOException {
    RegistriesConf conf =
        of(
            """
            additional-layer-store-auth-helper = "x"
            when = 1979-05-27T07:32:00Z
            [[registry]]
            location = "a.com/"
            new-thing = [1, 2.5, {x = true}]
            """);
    assertThat(places(conf, "a.com/x")).containsExactly("a.com/x");
  }
}

package dev.cooper.oci.registry;

import static dev.cooper.oci.registry.TestHost.base64;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AuthFilesTest {
  private static final String SECRET = "s3cr3t-Value";
  private static final String DOCKER = "home/.docker/config.json";

  @TempDir Path directory;
  private TestHost host;

  @BeforeEach
  void create() {
    host = new TestHost(directory);
  }

  private Optional<Credentials> find(String registry, String repository) throws IOException {
    HostEnvironment environment = host.environment();
    return AuthFiles.of(environment, new CredentialHelper(environment, Duration.ofSeconds(30)))
        .find(registry, repository);
  }

  private String userOf(String registry, String repository) throws IOException {
    return find(registry, repository)
        .map(found -> ((Credentials.Basic) found).user())
        .orElse("nobody");
  }

  private static String auths(String... keysAndUsers) {
    StringBuilder json = new StringBuilder("{\"auths\":{");
    for (int i = 0; i < keysAndUsers.length; i += 2) {
      json.append(i == 0 ? "" : ",")
          .append("\"" + keysAndUsers[i] + "\":{\"auth\":\"")
          .append(base64(keysAndUsers[i + 1] + ":" + SECRET))
          .append("\"}");
    }
    return json.append("}}").toString();
  }

  @Test
  void findWithoutFilesFindsNothing() throws IOException {
    assertThat(find("example.com", "app")).isEmpty();
    host.write(DOCKER, "");
    assertThat(find("example.com", "app")).isEmpty();
    host.write(DOCKER, "{}");
    assertThat(find("example.com", "app")).isEmpty();
  }

  @Test
  void findWhenHomeIsNoDirectoryFindsNothing() throws IOException {
    host.write("home", "a file");
    assertThat(find("example.com", "app")).isEmpty();
  }

  @Test
  void findReadsTheFilesInTheManualsOrder() throws IOException {
    String[] files = {
      "root/run/containers/1000/auth.json", "home/.config/containers/auth.json", DOCKER,
    };
    host.write("home/.dockercfg", "{\"example.com\":{\"auth\":\"" + base64("old:x") + "\"}}");
    assertThat(userOf("example.com", "app")).isEqualTo("old");
    for (int i = files.length - 1; i >= 0; i--) {
      host.write(files[i], auths("example.com", "user" + i));
      assertThat(userOf("example.com", "app")).isEqualTo("user" + i);
    }
    host.variables.put("XDG_RUNTIME_DIR", directory.resolve("xdg").toString());
    assertThat(userOf("example.com", "app")).isEqualTo("user1");
    host.write("xdg/containers/auth.json", auths("example.com", "runtime"));
    assertThat(userOf("example.com", "app")).isEqualTo("runtime");
    host.variables.put(
        "REGISTRY_AUTH_FILE", host.write("named", auths("example.com", "named")).toString());
    assertThat(userOf("example.com", "app")).isEqualTo("named");
    host.write("named", auths("elsewhere.com", "named"));
    assertThat(userOf("example.com", "app")).isEqualTo("user1");
  }

  @Test
  void findTakesTheDirectoriesThatTheVariablesName() throws IOException {
    host.variables.put("DOCKER_CONFIG", directory.resolve("d").toString());
    host.variables.put("XDG_CONFIG_HOME", directory.resolve("x").toString());
    host.write(DOCKER, auths("example.com", "wrong"));
    host.write("d/config.json", auths("example.com", "docker"));
    assertThat(userOf("example.com", "app")).isEqualTo("docker");
    host.write("x/containers/auth.json", auths("example.com", "config"));
    host.variables.put("XDG_RUNTIME_DIR", directory.resolve("xdg").toString());
    host.write("xdg/containers/auth.json", auths("example.com", "runtime"));
    assertThat(userOf("example.com", "app")).as("as buildah has it").isEqualTo("docker");
    host.write("d/config.json", auths("elsewhere.com", "docker"));
    assertThat(userOf("example.com", "app")).isEqualTo("runtime");
    host.variables.remove("XDG_RUNTIME_DIR");
    assertThat(userOf("example.com", "app")).isEqualTo("config");
  }

  @Test
  void findWhenNoHeaderCanHoldATokenSaysSoWithoutIt() throws IOException {
    host.write(DOCKER, "{\"auths\":{\"example.com\":{\"registrytoken\":\"s3cret\\n\"}}}");
    assertThatThrownBy(() -> userOf("example.com", "app"))
        .isInstanceOf(ContentException.class)
        .hasMessageContaining("registrytoken")
        .hasMessageNotContaining("s3cret");
    assertThatThrownBy(() -> new Credentials.RegistryToken("s3cret\n"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("line break")
        .hasMessageNotContaining("s3cret");
  }

  @ParameterizedTest
  @CsvSource({
    "example.com, team/app/x, image",
    "example.com, team/app/y, team",
    "example.com, team, team",
    "example.com, teamster/app, all",
    "example.com, '', all",
    "example.com:5000, team/app, port",
    "other.com, team/app, nobody",
    "com, example, nobody",
  })
  void findTakesTheLongestNamespace(String registry, String repository, String user)
      throws IOException {
    host.write(
        DOCKER,
        auths(
            "example.com", "all",
            "example.com/team", "team",
            "example.com/team/app/x", "image",
            "example.com:5000", "port"));
    assertThat(userOf(registry, repository)).isEqualTo(user);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://index.docker.io/v1/",
        "index.docker.io",
        "docker.io",
        "registry-1.docker.io",
        "http://docker.io/x/y",
        "docker.io/library",
        "docker.io/library/debian"
      })
  void findKnowsDockerHubByEachOfItsNames(String key) throws IOException {
    host.write(DOCKER, auths(key, "hub"));
    assertThat(userOf("docker.io", "library/debian")).isEqualTo("hub");
    assertThat(userOf("example.com", "library/debian")).isEqualTo("nobody");
  }

  @Test
  void findReadsUrlsAsDockerOnceWroteThem() throws IOException {
    host.write(DOCKER, auths("https://example.com/v2/", "url"));
    assertThat(userOf("example.com", "app")).isEqualTo("url");
    assertThat(userOf("example.org", "app")).isEqualTo("nobody");
    host.write(DOCKER, auths("https://example.com/v2/", "url", "example.com", "exact"));
    assertThat(userOf("example.com", "app")).isEqualTo("exact");
  }

  @Test
  void findReadsEachKindOfEntry() throws IOException {
    host.write(
        DOCKER,
        """
        {"auths":{
          "identity":{"auth":"%s","identitytoken":"%s"},
          "registry":{"identitytoken":"x","registrytoken":"%s"},
          "plain":{"username":"me","password":"%s","email":"me@example.com"},
          "token":{"auth":"%s"},
          "colons":{"auth":"%s"},
          "padded":{"auth":"%s"},
          "nobody":{"auth":"%s"},
          "empty":{}, "null":null, "nulls":{"auth":null}
        }, "HttpHeaders":{"User-Agent":"x"}, "detachKeys":"ctrl-e,e", "credsStore":null}
        """
            .formatted(
                base64("<token>:"),
                SECRET,
                SECRET,
                SECRET,
                base64("<token>:" + SECRET),
                base64("me:a:b"),
                base64("me:" + SECRET + "\0\0\0"),
                base64(":")));

    assertThat(find("identity", "x")).contains(new Credentials.IdentityToken(SECRET));
    assertThat(find("registry", "x")).contains(new Credentials.RegistryToken(SECRET));
    assertThat(find("plain", "x")).contains(new Credentials.Basic("me", SECRET));
    assertThat(find("token", "x")).contains(new Credentials.IdentityToken(SECRET));
    assertThat(find("colons", "x")).contains(new Credentials.Basic("me", "a:b"));
    assertThat(find("padded", "x")).contains(new Credentials.Basic("me", SECRET));
    for (String none : new String[] {"nobody", "empty", "null", "nulls", "missing"}) {
      assertThat(find(none, "x")).as(none).isEmpty();
    }
  }

  @Test
  void findSkipsEntriesThatSayNothing() throws IOException {
    host.write(
        DOCKER,
        """
        {"auths":{"example.com/app":{},"example.com":{"auth":"%s"}}}
        """
            .formatted(base64("me:x")));
    assertThat(userOf("example.com", "app")).isEqualTo("me");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"auths\":{\"example.com\":\"s3cr3t-Value\"}}",
        "{\"auths\":{\"example.com\":{\"auth\":s3cr3t-Value}}}",
        "{\"auths\":{\"example.com\":{\"auth\":\"s3cr3t-Value!\"}}}",
        "{\"auths\":{\"example.com\":{\"auth\":\"czNjcjN0LVZhbHVl\"}}}",
        "{\"auths\":{\"example.com\":{\"auth\":[\"s3cr3t-Value\"]}}}",
        "{\"auths\":{\"example.com\":{\"auth\":\"/////w==\"}}}",
        "{\"auths\":{\"example.com\":{\"username\":\"me:s3cr3t-Value\",\"password\":\"x\"}}}",
        "{\"auths\":\"s3cr3t-Value\"}",
        "{\"auths\":[\"s3cr3t-Value\"]}",
        "[\"s3cr3t-Value\"]",
        "\"s3cr3t-Value\"",
        "s3cr3t-Value",
        "{\"auths\":{\"example.com\":{\"identitytoken\":{\"s3cr3t-Value\":1}}}}",
        "{\"auths\":{},\"auths\":{\"s3cr3t-Value\":1}}",
        "{\"credHelpers\":{\"example.com\":{\"s3cr3t-Value\":1}}}",
        "{\"credHelpers\":[\"s3cr3t-Value\"]}",
        "{\"credsStore\":[\"s3cr3t-Value\"]}",
      })
  void findWhenTheFileIsMalformedNamesItAndShowsNoSecret(String content) {
    Path file = host.write(DOCKER, content);
    assertThatThrownBy(() -> find("example.com", "app"))
        .isInstanceOf(ContentException.class)
        .hasMessageStartingWith(file.toString())
        .satisfies(failure -> assertThat(trace(failure)).doesNotContain(SECRET));
  }

  private static String trace(Throwable failure) {
    StringWriter trace = new StringWriter();
    failure.printStackTrace(new PrintWriter(trace));
    return trace.toString();
  }

  @Test
  void findWhenAnEntryIsMalformedSaysWhere() {
    Path file = host.write(DOCKER, "{\"auths\":{\"example.com:5000\":{\"auth\":7}}}");
    assertThatThrownBy(() -> find("example.com:5000", "app"))
        .hasMessage(file + ": auths[\"example.com:5000\"].auth: found a number, expected a string");
    Path broken = host.write(DOCKER, "{\n\"auths\": oops}");
    assertThatThrownBy(() -> find("example.com", "app")).hasMessageContaining(broken + ", line 2");
  }

  @Test
  void findLeavesOthersMalformedEntriesAlone() throws IOException {
    host.write(
        DOCKER,
        """
        {"auths":{"bad.com":{"auth":"!"},"example.com":{"auth":"%s"}}}
        """
            .formatted(base64("me:x")));
    assertThat(userOf("example.com", "app")).isEqualTo("me");
  }

  @Test
  void findWhenTheFileIsHugeOrNoFileRefuses() throws IOException {
    host.write(DOCKER, " ".repeat((4 << 20) + 1));
    assertThatThrownBy(() -> find("example.com", "app"))
        .isInstanceOf(ContentException.class)
        .hasMessageContaining("more than 4194304 bytes");
    host.write(DOCKER, "[".repeat(100_000));
    assertThatThrownBy(() -> find("example.com", "app")).isInstanceOf(ContentException.class);
    Files.delete(directory.resolve(DOCKER));
    Files.createDirectory(directory.resolve(DOCKER));
    assertThatThrownBy(() -> find("example.com", "app"))
        .isInstanceOf(ContentException.class)
        .hasMessageContaining("no regular file");
    Files.delete(directory.resolve(DOCKER));
    Files.createSymbolicLink(directory.resolve(DOCKER), directory.resolve(DOCKER));
    assertThatThrownBy(() -> find("example.com", "app")).isInstanceOf(IOException.class);
  }

  private static final String ANSWER =
      "printf '{\"ServerURL\":\"%s\",\"Username\":\"%s\",\"Secret\":\"s3cr3t-Value\"}' $server ";

  @Test
  void findAsksTheRegistrysOwnHelper() throws IOException {
    host.helper("one", ANSWER + "$server");
    host.write(
        DOCKER,
        """
        {"credHelpers":{"example.com":"one","https://index.docker.io/v1/":"one"},
         "auths":{"example.com":{"auth":"%s"},"example.com/app":{"auth":"%s"}}}
        """
            .formatted(base64("file:x"), base64("file:x")));
    assertThat(find("example.com", "app")).contains(new Credentials.Basic("example.com", SECRET));
    assertThat(find("example.com:5000", "app")).isEmpty();
    host.helper("one", ANSWER + "me");
    assertThat(userOf("docker.io", "library/debian")).isEqualTo("me");
  }

  @Test
  void findAsksTheStoreBetweenNamespacesAndTheRegistrysEntry() throws IOException {
    host.helper("all", ANSWER + "store");
    host.write(
        DOCKER,
        """
        {"credsStore":"all",
         "auths":{"example.com":{"auth":"%s"},"example.com/app":{"auth":"%s"},"empty.com":{}}}
        """
            .formatted(base64("registry:x"), base64("namespace:x")));
    assertThat(userOf("example.com", "other")).isEqualTo("store");
    assertThat(userOf("empty.com", "other")).isEqualTo("store");
    assertThat(userOf("example.com", "app")).isEqualTo("namespace");
    host.helper("all", "echo credentials not found in native keychain; exit 1");
    assertThat(userOf("example.com", "other")).isEqualTo("registry");
    assertThat(userOf("empty.com", "other")).isEqualTo("nobody");
  }

  @Test
  void findAsksTheStoreForDockerHubByDockersName() throws IOException {
    host.helper("all", "[ $server = https://index.docker.io/v1/ ] || exit 3; " + ANSWER + "hub");
    host.write(DOCKER, "{\"credsStore\":\"all\"}");
    assertThat(userOf("docker.io", "library/debian")).isEqualTo("hub");
  }

  @Test
  void findWhenAHelperHasNoneReadsTheNextFile() throws IOException {
    host.helper("one", "echo credentials not found in native keychain; exit 1");
    host.write(
        "home/.config/containers/auth.json",
        "{\"credHelpers\":{\"example.com\":\"one\"},\"auths\":"
            + "{\"example.com\":{\"auth\":\"bWU6eA==\"}}}");
    assertThat(find("example.com", "app")).isEmpty();
    host.write(DOCKER, auths("example.com", "docker"));
    assertThat(userOf("example.com", "app")).isEqualTo("docker");
  }

  @ParameterizedTest
  @ValueSource(strings = {"../evil", "a/b", "", " ", "x;id", "-x", ".", "ä"})
  void findWhenAHelpersNameIsHostileStartsNothing(String name) throws IOException {
    host.helper("evil", "touch " + directory.resolve("started"));
    Files.createDirectories(directory.resolve("bin/docker-credential-a"));
    host.write(DOCKER, "{\"credsStore\":\"" + name + "\"}");
    if (name.isEmpty()) {
      assertThat(find("example.com", "app")).isEmpty();
    } else {
      assertThatThrownBy(() -> find("example.com", "app"))
          .isInstanceOf(ContentException.class)
          .hasMessageContaining(directory.resolve(DOCKER).toString());
    }
    assertThat(directory.resolve("started")).doesNotExist();
  }

  @Test
  void findWhenAHelperIsMissingNamesIt() {
    host.write(DOCKER, "{\"credsStore\":\"desktop\"}");
    assertThatThrownBy(() -> find("example.com", "app"))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("docker-credential-desktop")
        .hasMessageContaining("PATH");
  }

  @Test
  void withHelpersAsksThemForEveryRegistry() throws IOException {
    host.helper(
        "one",
        "[ $server = example.com ] && "
            + ANSWER
            + "one || { echo credentials not found; exit 1; }");
    host.write(DOCKER, auths("example.com", "file", "other.com", "file"));
    HostEnvironment environment = host.environment();
    AuthFiles files =
        AuthFiles.of(environment, new CredentialHelper(environment, Duration.ofSeconds(30)));
    Optional<Credentials> one = Optional.of(new Credentials.Basic("one", SECRET));
    Optional<Credentials> file = Optional.of(new Credentials.Basic("file", SECRET));

    AuthFiles helperFirst = files.withHelpers(List.of("one", "containers-auth.json"));
    assertThat(helperFirst.find("example.com", "app")).isEqualTo(one);
    assertThat(helperFirst.find("other.com", "app")).isEqualTo(file);
    assertThat(helperFirst.describe())
        .startsWith("docker-credential-one, ")
        .contains("config.json");
    AuthFiles filesFirst = files.withHelpers(List.of("containers-auth.json", "one"));
    assertThat(filesFirst.find("example.com", "app")).isEqualTo(file);
    AuthFiles alone = files.withHelpers(List.of("one"));
    assertThat(alone.find("other.com", "app")).isEmpty();
    assertThat(files.withHelpers(List.of()).find("example.com", "app")).isEqualTo(file);
    assertThatThrownBy(() -> files.withHelpers(List.of("../x")).find("example.com", "app"))
        .isInstanceOf(ContentException.class);
  }

  @Test
  void describeNamesTheFilesInOrder() {
    HostEnvironment environment = host.environment();
    assertThat(
            AuthFiles.of(environment, new CredentialHelper(environment, Duration.ZERO)).describe())
        .containsSubsequence(
            "run/containers/1000/auth.json",
            ".config/containers/auth.json",
            ".docker/config.json",
            ".dockercfg");
  }
}

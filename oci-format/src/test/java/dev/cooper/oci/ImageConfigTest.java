package dev.cooper.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageConfigTest {
  private static final Digest DIGEST = Digest.sha256(new byte[0]);

  private static byte[] json(String quotedSimply) {
    return quotedSimply.replace('\'', '"').getBytes(UTF_8);
  }

  private static String config(String more) {
    return "{'architecture':'amd64','os':'linux','config':{},"
        + "'rootfs':{'diff_ids':[],'type':'layers'}"
        + more
        + "}";
  }

  @Test
  void parseWhenEverythingIsThereKeepsIt() {
    String text =
        "{'created':'2024-01-31T12:00:00.123456789Z','author':'me','architecture':'arm64',"
            + "'os':'linux','os.version':'1','variant':'v8','config':{'User':'app',"
            + "'ExposedPorts':{'80/tcp':{}},'Env':['PATH=/bin','A=1=2'],'Entrypoint':['/e'],"
            + "'Cmd':['c'],'Volumes':{'/v':{}},'WorkingDir':'/w','Labels':{'l':'é'},"
            + "'StopSignal':'9','ArgsEscaped':true,'Healthcheck':{'Test':['CMD','x'],"
            + "'Interval':1500000000,'Retries':3},'Shell':['/s'],'OnBuild':['RUN x'],"
            + "'Domainname':'','Hostname':'h'},'rootfs':{'diff_ids':['"
            + DIGEST
            + "'],'type':'layers','base':'b'},'history':[{'created':'2024-01-31T12:00:00Z','created_by':'b',"
            + "'author':'a','comment':'c','empty_layer':true,'x':1}],'container_config':{'Z':null},"
            + "'docker_version':'20'}";
    ImageConfig config = ImageConfig.parse(json(text));
    assertThat(config.platform()).hasToString("linux/arm64/v8");
    assertThat(config.config().env("A")).isEqualTo("1=2");
    assertThat(config.config().healthcheck())
        .extracting(Healthcheck::interval)
        .isEqualTo(Duration.ofMillis(1500));
    assertThat(config.extra()).containsKeys("docker_version", "container_config");
    assertThat(new String(config.toBytes(), UTF_8)).isEqualTo(text.replace('\'', '"'));
  }

  @Test
  void parseWhenGoWroteNilTakesItAsEmpty() {
    ImageConfig config =
        ImageConfig.parse(
            json(
                "{'architecture':'amd64','os':'linux','config':{'Env':null,'Cmd':null,"
                    + "'Volumes':null,'Labels':null,'OnBuild':null,'ExposedPorts':{'1':null}},"
                    + "'rootfs':{'type':'layers','diff_ids':null},'history':null}"));
    assertThat(config.config().withExposedPorts(List.of())).isEqualTo(ContainerConfig.EMPTY);
    assertThat(config.diffIds()).isEmpty();
  }

  @Test
  void toBytesWhenAHealthcheckIsEmptyKeepsIt() {
    ImageConfig config = ImageConfig.parse(json(config("").replace("{}", "{'Healthcheck':{}}")));
    assertThat(config.config().healthcheck()).isEqualTo(Healthcheck.of(List.of()));
    assertThat(ImageConfig.parse(config.toBytes())).isEqualTo(config);
  }

  /** Docker takes one text for a list of it, for these three. */
  @Test
  void parseReadsACommandOfOneTextAsOneWord() {
    String text = "{'Entrypoint':'/x','Cmd':'a b','Shell':'sh'}";
    ContainerConfig config = ImageConfig.parse(json(config("").replace("{}", text))).config();
    assertThat(config.entrypoint()).containsExactly("/x");
    assertThat(config.cmd()).containsExactly("a b");
    assertThat(config.shell()).containsExactly("sh");
  }

  /** What strangers' images hold is read as it is; what callers give is checked. */
  @Test
  void parseKeepsValuesThatNoCallerMayGive() {
    String text = "{'ExposedPorts':{'99999/tcp':{},'x':{}},'StopSignal':'FOO','Labels':{'':'v'}}";
    ImageConfig image = ImageConfig.parse(json(config("").replace("{}", text)));
    assertThat(image.config().exposedPorts()).containsExactly("99999/tcp", "x");
    assertThat(image.config().stopSignal()).isEqualTo("FOO");
    assertThat(image.config().labels()).containsKey("");
    assertThat(ImageConfig.parse(image.toBytes())).isEqualTo(image);
    ContainerConfig changed = image.config().withUser("a").withLabel("b", "c").withStopSignal("");
    assertThat(changed.exposedPorts()).containsExactly("99999/tcp", "x");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0",
        "65536",
        "99999/tcp",
        "70000-60000",
        "70000-60000/tcp",
        "80-79",
        "80-65536",
        "http",
        "",
        "80/",
        "80/icmp",
        "/tcp",
        "-80",
        "80-",
        "+80",
        "80 ",
        "1.5",
        "80/tcp/udp",
        "١"
      })
  void exposedPortThatIsNoneIsRefused(String port) {
    assertThatThrownBy(() -> ContainerConfig.EMPTY.withExposedPort(port))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("invalid port " + Text.quote(port));
    assertThatThrownBy(() -> ContainerConfig.EMPTY.withExposedPorts(List.of("80", port)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @CsvSource({
    "80, 80/tcp",
    "53/UDP, 53/udp",
    "7000-7010, 7000-7010/tcp",
    "65535/sctp, 65535/sctp",
    "80-80/tcp, 80/tcp",
    "00080, 80/tcp"
  })
  void exposedPortIsReadAsTheFieldHasIt(String port, String expected) {
    assertThat(ExposedPort.parse(port)).hasToString(expected);
    assertThat(ContainerConfig.EMPTY.withExposedPort(port).exposedPorts()).containsExactly(port);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "FOO",
        "SIG",
        "SIGFOO",
        "0",
        "65",
        "-9",
        "9.0",
        " TERM",
        "SIGSIGTERM",
        "SIGRTMIN+0",
        "SIGRTMIN+16",
        "RTMAX-15",
        "RTMAX+1",
        "SIGTERM\n",
        "TERM KILL",
        "EMT"
      })
  void stopSignalThatIsNoneIsRefused(String signal) {
    assertThatThrownBy(() -> ContainerConfig.EMPTY.withStopSignal(signal))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("invalid stop signal " + Text.quote(signal));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"SIGTERM", "term", "SigQuit", "9", "64", "SIGRTMIN+3", "RTMAX-14", "RTMIN", ""})
  void stopSignalOfLinuxIsKeptAsItWasGiven(String signal) {
    assertThat(ContainerConfig.EMPTY.withStopSignal(signal).stopSignal()).isEqualTo(signal);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "\t"})
  void labelWithoutANameIsRefused(String name) {
    assertThatThrownBy(() -> ContainerConfig.EMPTY.withLabel(name, "v"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("invalid label name");
    assertThatThrownBy(() -> ContainerConfig.EMPTY.withLabels(Map.of(name, "v")))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void parseWhenTheVariantIsEmptyTakesItAsNone() {
    ImageConfig config = ImageConfig.parse(json(config(",'variant':'','os.version':''")));
    assertThat(config.platform()).isEqualTo(Platform.of("linux", "amd64"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        ",'created':'yesterday' | image config.created: found \"yesterday\", expected a time",
        ",'created':'2024-13-31T12:00:00Z' | expected a possible time",
        ",'created':'2024-01-31 12:00:00Z' | RFC 3339",
        ",'created':5 | image config.created: found 5",
        ",'history':[{'created':''}] | image config.history[0].created",
        ",'history':[{'empty_layer':'yes'}] | history[0].empty_layer: found the string \"yes\"",
        ",'history':{} | image config.history: found an object",
      })
  void parseWhenAFieldIsWrongNamesIt(String more, String message) {
    assertRefused(config(more.strip()), message.strip());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'Env':'a' | image config.config.Env: found the string \"a\", expected an array",
        "'Env':[1] | image config.config.Env[0]: found 1, expected a string",
        "'Env':[null] | image config.config.Env[0]: found null",
        "'ExposedPorts':{'80':1} | image config.config.ExposedPorts.80: found 1",
        "'Labels':{'a/b c':1} | image config.config.Labels[\"a/b c\"]: found 1",
        "'User':0 | image config.config.User: found 0, expected a string",
        "'Healthcheck':{'Interval':'1s'} | image config.config.Healthcheck.Interval: found",
      })
  void parseWhenARuntimeFieldIsWrongNamesIt(String field, String message) {
    assertRefused(config("").replace("{}", "{" + field.strip() + "}"), message.strip());
  }

  @Test
  void parseWhenRootfsIsWrongSaysSo() {
    assertRefused("{}", "image config.rootfs: found none");
    assertRefused("{'rootfs':{'type':'layers+base'}}", "rootfs.type: found \"layers+base\"");
    assertRefused(
        "{'rootfs':{'type':'layers','diff_ids':['sha256:x']}}",
        "image config.rootfs.diff_ids[0]: ");
  }

  private static void assertRefused(String text, String message) {
    assertThatExceptionOfType(ContentException.class)
        .isThrownBy(() -> ImageConfig.parse(json(text)))
        .withMessageContaining(message);
  }

  @Test
  void createdWhenWithAnOffsetIsTheSameInstant() {
    ImageConfig config = ImageConfig.parse(json(config(",'created':'2024-01-31T13:00:00+01:00'")));
    assertThat(config.created()).isEqualTo(Instant.parse("2024-01-31T12:00:00Z"));
  }

  @Test
  void requireLayersWhenTheyDifferSaysHow() {
    Descriptor layer = Descriptor.of(MediaType.OCI_LAYER, DIGEST, 0);
    Descriptor json = Descriptor.of(MediaType.OCI_CONFIG, DIGEST, 0);
    Manifest manifest = Manifest.of(MediaType.OCI_MANIFEST, json, List.of(layer));
    ImageConfig config = ImageConfig.of(Platform.of("linux", "amd64"));
    config.withDiffId(DIGEST).requireLayers(manifest);
    assertThatExceptionOfType(ContentException.class)
        .isThrownBy(() -> config.requireLayers(manifest))
        .withMessageContaining("found 1 layers, expected 0");
    assertThatExceptionOfType(ContentException.class)
        .isThrownBy(
            () -> config.withDiffId(DIGEST).requireLayers(manifest.withLayers(List.of(json))))
        .withMessageContaining("manifest.layers[0].mediaType");
  }

  @Test
  void withEnvReplacesInPlaceOrAppends() {
    ContainerConfig config =
        ContainerConfig.EMPTY.withEnv(List.of("A=1", "B", "C=3")).withEnv("A", "x=y");
    assertThat(config.env()).containsExactly("A=x=y", "B", "C=3");
    assertThat(config.withEnv("B", "").env()).containsExactly("A=x=y", "B=", "C=3");
    assertThat(config.withEnv("D", "4").env()).containsExactly("A=x=y", "B", "C=3", "D=4");
    assertThat(config.withoutEnv("B").env()).containsExactly("A=x=y", "C=3");
    assertThat(config.env("C")).isEqualTo("3");
    assertThat(config.env("CC")).isNull();
    assertThatIllegalArgumentException().isThrownBy(() -> config.withEnv("A=B", ""));
    assertThatIllegalArgumentException().isThrownBy(() -> config.withEnv("", ""));
    assertThatIllegalArgumentException().isThrownBy(() -> config.withEnv("A", "\0"));
  }

  @Test
  void withLeavesTheOriginalAsItIs() {
    ContainerConfig config = ContainerConfig.EMPTY;
    ContainerConfig changed =
        config
            .withUser("u")
            .withWorkingDir("/w")
            .withLabel("a", "b")
            .withVolume("/v")
            .withExposedPort("80/tcp")
            .withEntrypoint(List.of("e"))
            .withCmd(List.of("c"))
            .withStopSignal("9")
            .withShell(List.of("s"))
            .withOnBuild(List.of("o"))
            .withHealthcheck(Healthcheck.of(List.of("NONE")));
    assertThat(config).isEqualTo(ContainerConfig.EMPTY);
    ImageConfig image =
        ImageConfig.of(Platform.of("linux", "amd64"))
            .withConfig(changed)
            .withAuthor("a")
            .withCreated(Instant.EPOCH)
            .withHistory(History.of(Instant.EPOCH, "x", true))
            .withExtra(Map.of("docker_version", "1"));
    assertThat(ImageConfig.parse(image.toBytes())).isEqualTo(image);
    assertThat(new String(image.toBytes(), UTF_8))
        .contains("\"created\":\"1970-01-01T00:00:00Z\"")
        .contains("\"Volumes\":{\"/v\":{}}");
  }
}

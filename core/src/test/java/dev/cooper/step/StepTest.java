package dev.cooper.step;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.command.Command;
import dev.cooper.command.Mount;
import dev.cooper.command.Network;
import dev.cooper.command.Secret;
import dev.cooper.oci.Healthcheck;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.Platform;
import java.lang.reflect.RecordComponent;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Steps as text of a Dockerfile, which a builder reads back as it was meant. */
class StepTest {
  private static String copied(Path source, UnaryOperator<CopyOptions> options) {
    return new Step.Copy(List.of(Source.of(source)), "/to/", options.apply(CopyOptions.DEFAULT))
        .instruction();
  }

  private static String run(Command command) {
    return new Step.Run(command).instruction();
  }

  @Test
  void envWhenAValueIsSpecialQuotesIt() {
    Map<String, String> variables = new LinkedHashMap<>();
    variables.put("B", "two words");
    variables.put("A", "plain/1.2:3");
    variables.put("C", "say \"$HOME\\\"");
    variables.put("D", "");
    assertThat(new Setting.Env(variables).instruction())
        .isEqualTo("ENV B=\"two words\" A=plain/1.2:3 C=\"say \\\"\\$HOME\\\\\\\"\" D=\"\"");
  }

  @Test
  void envWhenAValueHasLinesIsAComment() {
    assertThat(new Setting.Env(Map.of("A", "1\n2")).instruction())
        .startsWith("# ENV A=")
        .doesNotContain("\n");
  }

  @Test
  void settingsAreInstructions() {
    assertThat(new Setting.Label(Map.of("a b", "c")).instruction()).isEqualTo("LABEL \"a b\"=c");
    assertThat(new Setting.User("app:1").instruction()).isEqualTo("USER app:1");
    assertThat(new Setting.Workdir("/a $b").instruction()).isEqualTo("WORKDIR /a \\$b");
    assertThat(new Setting.Entrypoint(List.of("java", "-jar", "a b.jar")).instruction())
        .isEqualTo("ENTRYPOINT [\"java\", \"-jar\", \"a b.jar\"]");
    assertThat(new Setting.Cmd(List.of()).instruction()).isEqualTo("CMD []");
    assertThat(new Setting.Expose("53/UDP").instruction()).isEqualTo("EXPOSE 53/udp");
    assertThat(new Setting.Volume("/data").instruction()).isEqualTo("VOLUME [\"/data\"]");
    assertThat(new Setting.Shell(List.of("/bin/bash", "-c")).instruction())
        .isEqualTo("SHELL [\"/bin/bash\", \"-c\"]");
    assertThat(new Setting.StopSignal("SIGINT").instruction()).isEqualTo("STOPSIGNAL SIGINT");
    assertThat(new Setting.OnBuild("RUN true").instruction()).isEqualTo("ONBUILD RUN true");
    assertThat(new Setting.Author("A. O'B. $5").instruction()).isEqualTo("MAINTAINER A. O'B. $5");
  }

  @Test
  void healthcheckTellsItsPeriods() {
    Healthcheck check =
        new Healthcheck(
            List.of("CMD-SHELL", "curl -f localhost"),
            Duration.ofSeconds(90),
            Duration.ofMillis(1500),
            Duration.ZERO,
            Duration.ZERO,
            3,
            Map.of());
    assertThat(new Setting.Health(check).instruction())
        .isEqualTo("HEALTHCHECK --interval=90s --timeout=1500ms --retries=3 CMD curl -f localhost");
    assertThat(new Setting.Health(Healthcheck.of(List.of("CMD", "a", "b"))).instruction())
        .isEqualTo("HEALTHCHECK CMD [\"a\", \"b\"]");
    assertThat(new Setting.Health(Healthcheck.of(List.of("NONE"))).instruction())
        .isEqualTo("HEALTHCHECK NONE");
    assertThat(new Setting.Health(null).instruction()).startsWith("# ");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "make && make install|RUN make && make install",
        "[ -f x ] && true|RUN [ -f x ] && true",
        "echo a \\|RUN <<\"EOF\"~echo a \\~EOF",
        "set -e~make|RUN <<\"EOF\"~set -e~make~EOF",
        "cat <<EOF~x~EOF~true|RUN <<\"EOF1\"~cat <<EOF~x~EOF~true~EOF1",
        "--version|RUN <<\"EOF\"~--version~EOF",
        "[\"a\"]|RUN <<\"EOF\"~[\"a\"]~EOF",
        "[ \"a\" ]|RUN <<\"EOF\"~[ \"a\" ]~EOF",
      })
  void shellLineIsPassedOnAsItIs(String line, String expected) {
    assertThat(run(Command.shell(line.replace('~', '\n')))).isEqualTo(expected.replace('~', '\n'));
  }

  @Test
  void runTellsMountsAndNetworkAndNoSecret() {
    Command command =
        Command.exec("curl", "a b")
            .mount(Mount.cache("/var/cache"))
            .mount(Mount.cache("apt", "/var/lib/apt"))
            .mount(Mount.tmpfs("/tmp"))
            .mount(Mount.bind(Path.of("/home/me/context"), "/src, dir"))
            .mount(Mount.secret(Secret.of("token", "canary")))
            .env("KEY", "canary")
            .network(Network.NONE);
    assertThat(run(command))
        .isEqualTo(
            "RUN --mount=type=cache,target=/var/cache --mount=type=cache,id=apt,target=/var/lib/apt"
                + " --mount=type=tmpfs,target=/tmp"
                + " --mount=\"type=bind,source=context,\\\"target=/src, dir\\\"\""
                + " --mount=type=secret,id=token,target=/run/secrets/token --network=none"
                + " [\"curl\", \"a b\"]");
  }

  @Test
  void copyTellsSourcesWithoutWhereTheyLie() {
    assertThat(copied(Path.of("target/app.jar"), o -> o)).isEqualTo("COPY target/app.jar /to/");
    assertThat(copied(Path.of("/no/such/app.jar"), o -> o)).isEqualTo("COPY app.jar /to/");
    assertThat(copied(Path.of("../up/./a"), o -> o)).isEqualTo("COPY up/a /to/");
    assertThat(copied(Path.of("it's $b"), o -> o))
        .isEqualTo("COPY [\"it\\\\'s \\\\$b\", \"/to/\"]");
    assertThat(copied(Path.of("a\\b"), o -> o)).isEqualTo("COPY [\"a\\\\\\\\b\", \"/to/\"]");
    assertThat(copied(Path.of("a b"), o -> o)).isEqualTo("COPY [\"a b\", \"/to/\"]");
    assertThat(copied(Path.of("a*[x]?"), o -> o)).isEqualTo("COPY [\"a[*][[]x][?]\", \"/to/\"]");
    assertThat(copied(Path.of("a"), o -> o.owner("app").mode(0640).exclude("*.tmp", "b c")))
        .isEqualTo("COPY --chown=app --chmod=0640 --exclude=*.tmp --exclude=\"b c\" a /to/");
  }

  @Test
  void copyFromTellsWhom() {
    Step step = new Step.Copy(List.of(new Source.Root("app:1", "/a")), "/b", CopyOptions.DEFAULT);
    assertThat(step.instruction()).isEqualTo("COPY --from=app:1 /a /b");
  }

  @Test
  void addTellsUrlsWithoutSecrets() {
    Step step =
        new Step.Add(
            List.of(Source.of(URI.create("https://h.test/a.tar?token=canary"))),
            "/b",
            CopyOptions.DEFAULT.keepArchives());
    assertThat(step.instruction()).isEqualTo("ADD --unpack=false https://h.test/a.tar /b");
  }

  @Test
  void writeIsAHeredocWhereItsContentCanBeOne() {
    assertThat(new Step.Write(Source.of("a\n$b\n"), "/x/y", CopyOptions.DEFAULT).instruction())
        .isEqualTo("COPY <<\"EOF\" /x/y\na\n$b\nEOF");
    assertThat(new Step.Write(Source.of("no end"), "/x/y", CopyOptions.DEFAULT).instruction())
        .isEqualTo("COPY y /x/y");
    assertThat(
            new Step.Write(Source.of(new byte[] {(byte) 0xff, '\n'}), "/x/y", CopyOptions.DEFAULT)
                .instruction())
        .isEqualTo("COPY y /x/y");
  }

  @Test
  void copyWithoutSourcesIsRefused() {
    assertThatThrownBy(() -> new Step.Copy(List.of(), "/x", CopyOptions.DEFAULT))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("cannot copy to /x: found no sources, expected one or more");
  }

  /** A component of a setting that is in no text would be missing from histories. */
  @Test
  void everySettingTellsEachOfItsComponents() throws Exception {
    List<String> silent = new ArrayList<>();
    for (Class<?> kind : Setting.class.getPermittedSubclasses()) {
      for (RecordComponent each : kind.getRecordComponents()) {
        String text = ((Setting) sample(kind)).instruction();
        Object value = each.getAccessor().invoke(sample(kind));
        if (!text.contains(shown(value))) {
          silent.add(kind.getSimpleName() + "." + each.getName() + " in " + text);
        }
      }
    }
    assertThat(silent).isEmpty();
  }

  private static Object sample(Class<?> kind) throws Exception {
    RecordComponent component = kind.getRecordComponents()[0];
    Object value =
        component.getType() == Map.class
            ? Map.of("name", "canary")
            : component.getType() == List.class
                ? List.of("canary")
                : component.getType() == Healthcheck.class
                    ? Healthcheck.of(List.of("CMD", "canary"))
                    : component.getType() == Platform.class
                        ? Platform.parse("linux/arm64/v8")
                        : kind == Setting.Expose.class || kind == Setting.Unexpose.class
                            ? "4711"
                            : kind == Setting.OnBuild.class
                                ? "RUN canary"
                                : kind == Setting.Volume.class || kind == Setting.UnsetVolume.class
                                    ? "/canary"
                                    : "canary";
    return kind.getConstructor(component.getType()).newInstance(value);
  }

  private static String shown(Object value) {
    return value instanceof Platform || value.equals("4711/tcp") ? value.toString() : "canary";
  }

  @Test
  void settingsConfigureTheImage() {
    ImageConfig before = ImageConfig.of(Platform.parse("linux/amd64"));
    ImageConfig after = new Setting.Env(Map.of("A", "b")).applyTo(before);
    after = new Setting.OnBuild("RUN a").applyTo(after);
    after = new Setting.OnBuild("RUN b").applyTo(after);
    after = new Setting.ForPlatform(Platform.parse("linux/arm64")).applyTo(after);
    assertThat(after.config().env()).containsExactly("A=b");
    assertThat(after.config().onBuild()).containsExactly("RUN a", "RUN b");
    assertThat(after.platform()).isEqualTo(Platform.parse("linux/arm64"));
    assertThat(new Setting.UnsetEnv("A").applyTo(after).config().env()).isEmpty();
    assertThat(before.config().env()).isEmpty();
  }
}

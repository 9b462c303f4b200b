package dev.cooper.container;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.oci.History;
import dev.cooper.oci.ImageConfig;
import dev.cooper.oci.Platform;
import dev.cooper.step.Setting;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.Test;

class DraftTest {
  private static final Instant NOW = Instant.parse("2026-01-02T03:04:05.678Z");
  private final Draft draft =
      new Draft(ImageConfig.of(Platform.of("linux", "amd64")), Clock.fixed(NOW, ZoneOffset.UTC));

  private List<String> lines(int newLayers) {
    return draft.history(newLayers, null, null).stream()
        .map(line -> line.createdBy() + (line.emptyLayer() ? "" : " +"))
        .toList();
  }

  @Test
  void historyWhenManyStepsMakeOneLayerCreditsNoneOfThem() {
    draft.changedFiles("COPY a");
    draft.set(new Setting.Note("ENV b"), "ENV b");
    draft.changedFiles("RUN c");
    draft.set(new Setting.Note("ENV d"), "ENV d");
    assertThat(lines(1))
        .containsExactly(
            "COPY a",
            "ENV b",
            "RUN c",
            "one layer of the 2 steps above that change files +",
            "ENV d");
    assertThat(lines(0)).containsExactly("COPY a", "ENV b", "RUN c", "ENV d");
  }

  @Test
  void historyWhenEachStepIsALayerSaysSo() {
    draft.changedFiles("COPY a");
    draft.changedFiles("RUN nothing");
    draft.lastChangedNothing();
    draft.changedFiles("RUN c");
    assertThat(lines(2)).containsExactly("COPY a +", "RUN nothing", "RUN c +");
  }

  @Test
  void historyWhenOneStepMakesTheLayerSaysSo() {
    draft.changedFiles("COPY a");
    draft.set(new Setting.Note("ENV b"), "ENV b");
    assertThat(lines(1)).containsExactly("COPY a +", "ENV b");
  }

  @Test
  void historyWhenSomeStepsShareALayerAndOthersDoNotSaysWhich() {
    draft.changedFiles("RUN a");
    draft.changedFiles("RUN b");
    draft.changedFiles("RUN c");
    assertThat(lines(2))
        .containsExactly(
            "RUN a", "RUN b", "one layer of the 2 steps above that change files +", "RUN c +");
  }

  @Test
  void squashedCreditsTheBaseToNoStep() {
    draft.changedFiles("COPY a");
    assertThat(draft.squashed(null, null))
        .extracting(line -> line.createdBy() + (line.emptyLayer() ? "" : " +"))
        .containsExactly("COPY a", "one layer of the base and all steps +");
  }

  @Test
  void historyWhenNoStepToldOfALayerAddsALine() {
    draft.set(new Setting.Note("ENV a"), "ENV a");
    assertThat(lines(1)).hasSize(2).last().asString().endsWith(" +");
    assertThat(lines(0)).containsExactly("ENV a");
  }

  @Test
  void historyWhenATimeIsGivenHasItEverywhere() {
    draft.changedFiles("COPY a");
    assertThat(draft.history(1, Instant.EPOCH, "why"))
        .containsExactly(
            new History(Instant.EPOCH, "COPY a", "", "why", false, java.util.Map.of()));
    assertThat(draft.history(1, null, null).get(0).created())
        .isEqualTo(Instant.parse("2026-01-02T03:04:05Z"));
  }

  @Test
  void workdirWhenNoneIsSetIsTheRoot() {
    assertThat(draft.workdir()).isEqualTo("/");
    draft.set(new Setting.Workdir("/w"), "WORKDIR /w");
    assertThat(draft.workdir()).isEqualTo("/w");
    assertThat(draft.texts()).containsExactly("WORKDIR /w");
  }
}

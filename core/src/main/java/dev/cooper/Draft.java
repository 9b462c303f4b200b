package dev.cooper;

import dev.cooper.oci.History;
import dev.cooper.oci.ImageConfig;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The configuration of an image in the making, with the steps that led to it. Not thread-safe. */
final class Draft {
  private final Clock clock;
  private final List<Step> steps = new ArrayList<>();
  private final SortedMap<String, String> annotations = new TreeMap<>();
  private ImageConfig image;
  private boolean cmdSet;
  private @Nullable String comment;
  private @Nullable Instant created;

  /** A line of the history to come. */
  record Step(Instant time, String text, boolean changesFiles) {}

  Draft(ImageConfig image, Clock clock) {
    this.image = image;
    this.clock = clock;
  }

  /** Takes what {@link ContainerRecord} wrote. */
  void restore(Map<?, ?> saved) {
    ContainerRecord.asMap(saved.get("annotations"))
        .forEach((name, value) -> annotations.put(String.valueOf(name), String.valueOf(value)));
    cmdSet = Boolean.TRUE.equals(saved.get("cmdSet"));
    comment = saved.get("comment") instanceof String text ? text : null;
    created = saved.get("created") instanceof String time ? Instant.parse(time) : null;
    for (Object each : ContainerRecord.asList(saved.get("steps"))) {
      Map<?, ?> step = ContainerRecord.asMap(each);
      steps.add(
          new Step(
              Instant.parse(String.valueOf(step.get("time"))),
              String.valueOf(step.get("text")),
              Boolean.TRUE.equals(step.get("changesFiles"))));
    }
  }

  ImageConfig image() {
    return image;
  }

  /** Edits the configuration; a text becomes a line of the history. */
  void edit(@Nullable String text, UnaryOperator<ImageConfig> edit) {
    edit(text, false, edit);
  }

  void edit(@Nullable String text, boolean changesFiles, UnaryOperator<ImageConfig> edit) {
    image = edit.apply(image);
    if (text != null) {
      steps.add(new Step(now(), text, changesFiles));
    }
  }

  void changedFiles(String text) {
    steps.add(new Step(now(), text, true));
  }

  /** The step that was added last changed nothing after all. */
  void lastChangedNothing() {
    Step last = steps.remove(steps.size() - 1);
    steps.add(new Step(last.time(), last.text(), false));
  }

  private Instant now() {
    return Instant.ofEpochSecond(clock.instant().getEpochSecond());
  }

  String workdir() {
    String set = image.config().workingDir();
    return set == null || set.isEmpty() ? "/" : set;
  }

  void setCmd() {
    cmdSet = true;
  }

  boolean cmdSet() {
    return cmdSet;
  }

  void annotate(String name, String value) {
    annotations.put(name, value);
  }

  Map<String, String> annotations() {
    return annotations;
  }

  void comment(String text) {
    comment = text;
  }

  @Nullable String comment() {
    return comment;
  }

  void created(Instant time) {
    created = time;
  }

  @Nullable Instant created() {
    return created;
  }

  List<Step> steps() {
    return List.copyOf(steps);
  }

  /**
   * The lines of history that a commit adds; as many that hold a layer as there are new layers.
   *
   * <p>A layer that one step made is that step's. The layer of several steps has a line of its own,
   * after the last of them: none of them made all of it.
   */
  List<History> history(int newLayers, @Nullable Instant at, @Nullable String lastComment) {
    List<History> lines = new ArrayList<>();
    long changing = steps.stream().filter(Step::changesFiles).count();
    long together = newLayers == 0 ? changing : Math.max(0, changing - newLayers + 1);
    long seen = 0;
    for (Step step : steps) {
      seen += step.changesFiles() ? 1 : 0;
      boolean shares = seen <= together && together != 1;
      lines.add(line(at, step, step.changesFiles() && newLayers > 0 && !shares));
      if (step.changesFiles() && newLayers > 0 && together > 1 && seen == together) {
        String text = "one layer of the " + together + " steps above that change files";
        lines.add(line(at, new Step(step.time(), text, true), true));
      }
    }
    for (long missing = newLayers - changing; missing > 0; missing--) {
      lines.add(line(at, new Step(now(), "changes made through the mount path", true), true));
    }
    return commented(lines, lastComment);
  }

  /** The same of a squashed image, whose only layer holds the base too. */
  List<History> squashed(@Nullable Instant at, @Nullable String lastComment) {
    List<History> lines = new ArrayList<>();
    for (Step step : steps) {
      lines.add(line(at, step, false));
    }
    lines.add(line(at, new Step(now(), "one layer of the base and all steps", true), true));
    return commented(lines, lastComment);
  }

  private static History line(@Nullable Instant at, Step step, boolean holdsLayer) {
    return History.of(at == null ? step.time() : at, step.text(), !holdsLayer);
  }

  private static List<History> commented(List<History> lines, @Nullable String lastComment) {
    if (lines.isEmpty()) {
      return lines;
    }
    if (lastComment != null) {
      History last = lines.remove(lines.size() - 1);
      lines.add(
          new History(
              last.created(),
              last.createdBy(),
              last.author(),
              lastComment,
              last.emptyLayer(),
              last.extra()));
    }
    return lines;
  }
}

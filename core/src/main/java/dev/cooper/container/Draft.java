package dev.cooper.container;

import dev.cooper.oci.History;
import dev.cooper.oci.ImageConfig;
import dev.cooper.step.Setting;
import dev.cooper.store.ContainerRecord;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The configuration of an image in the making, with the steps that led to it. Not thread-safe. */
public final class Draft {
  private final Clock clock;
  private final List<ContainerRecord.Line> steps = new ArrayList<>();
  private final SortedMap<String, String> annotations = new TreeMap<>();
  private ImageConfig image;
  private boolean cmdSet;
  private @Nullable String comment;
  private @Nullable Instant created;

  Draft(ImageConfig image, Clock clock) {
    this.image = image;
    this.clock = clock;
  }

  /** As a container's record tells. */
  static Draft of(ContainerRecord record, Clock clock) {
    Draft draft = new Draft(record.image(), clock);
    draft.annotations.putAll(record.annotations());
    draft.cmdSet = record.cmdSet();
    draft.comment = record.comment();
    draft.created = record.created();
    draft.steps.addAll(record.lines());
    return draft;
  }

  public ImageConfig image() {
    return image;
  }

  /** Configures the image; each setting is a line of the history. */
  void set(Setting setting, String text) {
    set(setting, text, false);
  }

  void set(Setting setting, String text, boolean changesFiles) {
    image = setting.applyTo(image);
    if (setting instanceof Setting.Cmd) {
      cmdSet = true;
    } else if (setting instanceof Setting.Entrypoint && !cmdSet) {
      image = image.withConfig(image.config().withCmd(List.of())); // the base's no longer fits
    }
    steps.add(new ContainerRecord.Line(now(), text, changesFiles));
  }

  /** The lines of the history so far. */
  public List<String> texts() {
    return steps.stream().map(ContainerRecord.Line::text).toList();
  }

  void changedFiles(String text) {
    steps.add(new ContainerRecord.Line(now(), text, true));
  }

  /** The step that was added last changed nothing after all. */
  void lastChangedNothing() {
    ContainerRecord.Line last = steps.remove(steps.size() - 1);
    steps.add(new ContainerRecord.Line(last.time(), last.text(), false));
  }

  private Instant now() {
    return Instant.ofEpochSecond(clock.instant().getEpochSecond());
  }

  public String workdir() {
    String set = image.config().workingDir();
    return set == null || set.isEmpty() ? "/" : set;
  }

  public boolean cmdSet() {
    return cmdSet;
  }

  public void unannotate(String name) {
    annotations.remove(name);
  }

  public void annotate(String name, String value) {
    annotations.put(name, value);
  }

  SortedMap<String, String> annotations() {
    return annotations;
  }

  public void comment(String text) {
    comment = text;
  }

  public @Nullable String comment() {
    return comment;
  }

  public void created(Instant time) {
    created = time;
  }

  public @Nullable Instant created() {
    return created;
  }

  List<ContainerRecord.Line> steps() {
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
    long changing = steps.stream().filter(ContainerRecord.Line::changesFiles).count();
    long together = newLayers == 0 ? changing : Math.max(0, changing - newLayers + 1);
    long seen = 0;
    for (ContainerRecord.Line step : steps) {
      seen += step.changesFiles() ? 1 : 0;
      boolean shares = seen <= together && together != 1;
      lines.add(line(at, step, step.changesFiles() && newLayers > 0 && !shares));
      if (step.changesFiles() && newLayers > 0 && together > 1 && seen == together) {
        String text = "one layer of the " + together + " steps above that change files";
        lines.add(line(at, new ContainerRecord.Line(step.time(), text, true), true));
      }
    }
    for (long missing = newLayers - changing; missing > 0; missing--) {
      lines.add(
          line(
              at,
              new ContainerRecord.Line(now(), "changes made through the mount path", true),
              true));
    }
    return commented(lines, lastComment);
  }

  /** The same of a squashed image, whose only layer holds the base too. */
  List<History> squashed(@Nullable Instant at, @Nullable String lastComment) {
    List<History> lines = new ArrayList<>();
    for (ContainerRecord.Line step : steps) {
      lines.add(line(at, step, false));
    }
    lines.add(
        line(
            at,
            new ContainerRecord.Line(now(), "one layer of the base and all steps", true),
            true));
    return commented(lines, lastComment);
  }

  private static History line(@Nullable Instant at, ContainerRecord.Line step, boolean holdsLayer) {
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

package dev.cooper.step;

import dev.cooper.command.Command;
import dev.cooper.text.Instruction;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Something that is done to a working container, as a value: what a call on {@link
 * dev.cooper.WorkingContainer} does, and what an instruction of a Dockerfile will do.
 *
 * <p>Two equal steps do the same to the same container. Immutable.
 */
public sealed interface Step permits Setting, Step.Run, Step.Copy, Step.Add, Step.Write {
  /**
   * The step as text of a Dockerfile: an instruction, or a comment where no instruction does the
   * same. History, events and messages show this text.
   *
   * <p>No value of a secret or of a variable of one command is in it, nor a directory of the host.
   *
   * @return one line, or several for a heredoc
   */
  String instruction();

  /**
   * Whether the step may change files, and so make a layer.
   *
   * @return false for what only configures the image
   */
  default boolean changesFiles() {
    return !(this instanceof Setting);
  }

  /**
   * A command that runs; {@code RUN}.
   *
   * <p>The text tells the command, its mounts and its network. What the Dockerfile's RUN has no
   * flag for, such as a user, a variable, or limits of its own, is not in the text.
   *
   * @param command what runs, and how
   */
  record Run(Command command) implements Step {
    /**
     * Checks that there is one.
     *
     * @param command what runs, and how
     */
    public Run {
      Objects.requireNonNull(command, "command");
    }

    @Override
    public String instruction() {
      List<String> words = new ArrayList<>(List.of("RUN"));
      words.addAll(RunFlags.of(command));
      words.add(
          command.shell()
              ? Instruction.shell(command.arguments().get(0))
              : Instruction.json(command.arguments()));
      return String.join(" ", words);
    }
  }

  /**
   * Files that are copied; {@code COPY}.
   *
   * @param sources what is copied, in this order; one at least
   * @param destination a path inside; a directory if it ends with a slash or several are copied
   * @param options how
   */
  record Copy(List<Source> sources, String destination, CopyOptions options) implements Step {
    /**
     * Copies the list.
     *
     * @param sources what is copied, in this order; one at least
     * @param destination a path inside
     * @param options how
     * @throws IllegalArgumentException if there are no sources
     */
    public Copy {
      sources = CopyText.checked("copy", sources, destination);
    }

    @Override
    public String instruction() {
      return CopyText.of("COPY", sources, destination, options);
    }
  }

  /**
   * Files that are added, archives among them unpacked; {@code ADD}.
   *
   * @param sources what is added, in this order; one at least
   * @param destination a path inside
   * @param options how
   */
  record Add(List<Source> sources, String destination, CopyOptions options) implements Step {
    /**
     * Copies the list.
     *
     * @param sources what is added, in this order; one at least
     * @param destination a path inside
     * @param options how
     * @throws IllegalArgumentException if there are no sources
     */
    public Add {
      sources = CopyText.checked("add", sources, destination);
    }

    @Override
    public String instruction() {
      return CopyText.of("ADD", sources, destination, options);
    }
  }

  /**
   * A file that is written; a {@code COPY} with a heredoc, where the content is a text that ends
   * with a line's end.
   *
   * @param content what the file holds
   * @param destination the file's path inside
   * @param options how
   */
  record Write(Source.Bytes content, String destination, CopyOptions options) implements Step {
    @Override
    public String instruction() {
      return CopyText.written(content, destination, options);
    }
  }
}

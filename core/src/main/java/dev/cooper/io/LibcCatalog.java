package dev.cooper.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What glibc says in one language: its catalog of messages. Source: GNU gettext manual, "The Format
 * of GNU MO Files".
 *
 * <p>Which language this JVM is spoken to in, libc makes out of variables, aliases and fallbacks;
 * so that is not asked for here, but recognised by a message that was heard.
 */
final class LibcCatalog {
  /** As glibc has it, and where Ubuntu's packages of languages lie. */
  private static final List<Path> PLACES =
      List.of(Path.of("/usr/share/locale"), Path.of("/usr/share/locale-langpack"));

  private static final int MAGIC = 0x950412de;
  private static final int COUNT = 8;
  private static final int ORIGINALS = 12;
  private static final int TRANSLATIONS = 16;
  private static final int ROW = 8;

  /** Many times what the largest takes. */
  private static final int MOST_BYTES = 4 << 20;

  private static final Pattern CHARSET = Pattern.compile("charset=([\\w.:-]+)");

  private final ByteBuffer content;
  private final Charset charset;

  private LibcCatalog(byte[] bytes) {
    content = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (content.getInt(0) != MAGIC) {
      content.order(ByteOrder.BIG_ENDIAN);
    }
    if (content.getInt(0) != MAGIC) {
      throw new IllegalArgumentException("no catalog of messages");
    }
    // The translation of nothing is a header.
    Matcher named = CHARSET.matcher(translated("", StandardCharsets.US_ASCII).orElse(""));
    charset = named.find() ? Charset.forName(named.group(1)) : StandardCharsets.UTF_8;
  }

  /**
   * A message in the language that another was heard in.
   *
   * @param english the other as libc's source has it
   * @param heard the other as it was heard
   * @param wanted the message as libc's source has it
   * @return none where no language is recognised; one for each where several say the other alike
   */
  static List<String> beside(String english, String heard, String wanted) {
    return beside(PLACES, english, heard, wanted);
  }

  static List<String> beside(List<Path> places, String english, String heard, String wanted) {
    List<String> found = new ArrayList<>();
    for (Path place : places) {
      for (Path language : languages(place)) {
        Path file = language.resolve("LC_MESSAGES/libc.mo");
        beside(file, english, heard, wanted).ifPresent(found::add);
      }
    }
    return found;
  }

  private static List<Path> languages(Path place) {
    try (Stream<Path> all = Files.list(place)) {
      return all.toList();
    } catch (IOException | UncheckedIOException e) {
      return List.of(); // not installed here, or not to be read
    }
  }

  private static Optional<String> beside(Path file, String english, String heard, String wanted) {
    try {
      if (!Files.isRegularFile(file) || Files.size(file) > MOST_BYTES) {
        return Optional.empty();
      }
      LibcCatalog catalog = new LibcCatalog(Files.readAllBytes(file));
      return catalog
          .translated(english)
          .filter(heard::equals)
          .flatMap(same -> catalog.translated(wanted));
    } catch (IOException | IllegalArgumentException | IndexOutOfBoundsException e) {
      return Optional.empty(); // unreadable or damaged: as if that language were not installed
    }
  }

  private Optional<String> translated(String english) {
    return translated(english, charset).filter(text -> !text.isBlank());
  }

  private Optional<String> translated(String english, Charset in) {
    for (int i = 0; i < content.getInt(COUNT); i++) {
      if (text(ORIGINALS, i, StandardCharsets.ISO_8859_1).equals(english)) {
        return Optional.of(text(TRANSLATIONS, i, in));
      }
    }
    return Optional.empty();
  }

  /** A row of a table is a length and an offset. */
  private String text(int table, int index, Charset in) {
    int row = content.getInt(table) + index * ROW;
    return new String(content.array(), content.getInt(row + 4), content.getInt(row), in);
  }
}

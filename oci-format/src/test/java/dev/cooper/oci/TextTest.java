package dev.cooper.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Strangers' text in messages, causes and stack traces. */
class TextTest {
  private static final String EVIL = "a\u001b[2J\r\nroot: ok\u202etxt.exe\u2066\u2028\u0085b";

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\u0000",
        "\u0007",
        "\b",
        "\t",
        "\n",
        "\u000b",
        "\r",
        "\u001b",
        "\u007f",
        "\u0085",
        "\u009b",
        "\u061c",
        "\u200b",
        "\u200e",
        "\u200f",
        "\u2028",
        "\u2029",
        "\u202a",
        "\u202e",
        "\u2066",
        "\u2069",
        "\ufeff",
        "\ud800",
        "\udfff",
        "\ue000",
        "\udb40\udc41",
        "\uffff"
      })
  void lineShowsEscapedWhatDoesNotShowItself(String character) {
    String line = Text.line("a" + character + "b");
    assertThat(line).matches("a(\\\\u[0-9a-f]{4}){1,2}b").isEqualTo(Text.line(line));
    assertThat(Text.quote(character)).isEqualTo('"' + line.substring(1, line.length() - 1) + '"');
    assertThat(Text.isLine("a" + character)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a b", "é", "日本語", "\u00a0", "\ud83d\ude00", "\\u202e", "e\u0301"})
  void lineKeepsWhatShowsItself(String text) {
    assertThat(Text.line(text)).isEqualTo(text);
    assertThat(Text.lines(text)).isEqualTo(text);
    assertThat(Text.isLine(text)).isTrue();
  }

  @Test
  void linesKeepTheirEndsAndTabs() {
    assertThat(Text.lines("a\tb\r\nc\rd\n\u001b[1m")).isEqualTo("a\tb\nc\\u000dd\n\\u001b[1m");
  }

  @Test
  void quoteWhenItCutsAPairLeavesNoHalf() {
    String quoted = Text.quote("x".repeat(159) + "\ud83d\ude00");
    assertThat(quoted).contains("x\\ud83d\"").satisfies(each -> assertShown(each));
  }

  @Test
  void exceptionShowsNothingUnescapedInMessageCausesAndSuppressed() {
    IOException below = new IOException(EVIL, new NoSuchFileException(EVIL, null, EVIL));
    below.addSuppressed(new IllegalStateException(EVIL, new IOException(EVIL)));
    for (CooperException each :
        new CooperException[] {
          new ContentException(EVIL, below),
          new OperationException(EVIL, new IllegalStateException("fine", below)),
          new OperationException("fine", new ContentException("fine", below))
        }) {
      assertShown(each.getMessage());
      StringWriter trace = new StringWriter();
      each.printStackTrace(new PrintWriter(trace));
      for (String line : trace.toString().split("\n")) {
        assertShown(line.replace("\t", ""));
        assertThat(line).doesNotStartWith("root: ok");
      }
      assertThat(trace.toString()).contains("\\u202etxt.exe");
    }
  }

  @Test
  void exceptionKeepsACauseThatShowsItself() {
    IOException cause = new IOException("connection reset");
    assertThat(new OperationException("m", cause)).hasCause(cause);
    assertThat(new ContentException("m", cause).getCause()).isSameAs(cause);
  }

  @Test
  void documentThatIsNoJsonIsShownEscapedInItsCauseToo() {
    byte[] bytes = ("{\"a\": x\u202e\u001b}").getBytes(StandardCharsets.UTF_8);
    assertThatThrownBy(() -> Json.parse(bytes, "manifest"))
        .isInstanceOf(ContentException.class)
        .satisfies(
            thrown -> {
              for (Throwable each = thrown; each != null; each = each.getCause()) {
                assertShown(each.toString());
              }
            });
  }

  @Test
  void byteStringShowsBidiCharactersEscaped() {
    assertThat(ByteString.utf8("a\u202eb")).hasToString("a\\xe2\\x80\\xaeb");
    assertThat(ByteString.utf8("é")).hasToString("é");
  }

  private static void assertShown(String text) {
    assertThat(Text.isLine(text)).as(Text.line(text)).isTrue();
  }
}

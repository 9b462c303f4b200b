package dev.cooper.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Catalogs as msgfmt writes them, and such as nothing should. */
class LibcCatalogTest {
  private static final String ONE = "No space left on device";
  private static final String OTHER = "Disk quota exceeded";

  @TempDir Path place;

  /** Two tables, then the texts, each with a zero after it. */
  private static byte[] catalog(ByteOrder order, Charset charset, String... pairs) {
    int count = pairs.length / 2;
    ByteBuffer bytes = ByteBuffer.allocate(4096).order(order);
    bytes.putInt(0x950412de).putInt(0).putInt(count).putInt(28).putInt(28 + 8 * count);
    int at = 28 + 16 * count;
    for (int column = 0; column < 2; column++) {
      for (int i = 0; i < count; i++) {
        byte[] text = pairs[2 * i + column].getBytes(charset);
        bytes.putInt(28 + 8 * (column * count + i), text.length);
        bytes.putInt(32 + 8 * (column * count + i), at);
        bytes.position(at).put(text).put((byte) 0);
        at = bytes.position();
      }
    }
    return Arrays.copyOf(bytes.array(), at);
  }

  private static byte[] catalog(String one, String other) {
    return catalog(ByteOrder.LITTLE_ENDIAN, StandardCharsets.UTF_8, OTHER, other, ONE, one);
  }

  private void install(String language, byte[] content) throws IOException {
    Path messages = Files.createDirectories(place.resolve(language).resolve("LC_MESSAGES"));
    Files.write(messages.resolve("libc.mo"), content);
  }

  private List<String> beside(String heard) {
    return LibcCatalog.beside(List.of(place.resolve("none"), place), ONE, heard, OTHER);
  }

  @Test
  void besideTakesTheLanguageThatWasHeard() throws IOException {
    install("de", catalog("Kein Speicherplatz", "Quota überschritten"));
    install("fr", catalog("Aucun espace disponible", "Débordement du quota"));
    Files.createDirectory(place.resolve("xx"));
    assertThat(beside("Aucun espace disponible")).containsExactly("Débordement du quota");
    assertThat(beside("Nincs több hely a lemezen")).isEmpty();
  }

  @Test
  void besideWhenLanguagesSayTheFirstAlikeTakesBoth() throws IOException {
    install("pt", catalog("Sem espaço", "Quota excedida"));
    install("pt_BR", catalog("Sem espaço", "Cota excedida"));
    install("pt_XX", catalog("Sem espaço", ""));
    assertThat(beside("Sem espaço")).containsExactlyInAnyOrder("Quota excedida", "Cota excedida");
  }

  @Test
  void besideReadsOtherCharsetsAndTheOtherOrderOfBytes() throws IOException {
    install(
        "de",
        catalog(
            ByteOrder.BIG_ENDIAN,
            StandardCharsets.ISO_8859_1,
            "",
            "Content-Type: text/plain; charset=ISO-8859-1\n",
            ONE,
            "Gerät voll",
            OTHER,
            "Quota überschritten"));
    assertThat(beside("Gerät voll")).containsExactly("Quota überschritten");
  }

  @Test
  void besideWhenACatalogIsDamagedPassesItOver() throws IOException {
    byte[] whole = catalog("voll", "Quota");
    for (int length = 0; length < whole.length; length++) {
      install("cut" + length, Arrays.copyOf(whole, length));
    }
    for (int at = 0; at < 28 + 32; at++) {
      byte[] damaged = whole.clone();
      damaged[at] = (byte) 0x80;
      install("damaged" + at, damaged);
    }
    install("de", catalog("voll", "Quota überschritten"));
    assertThat(beside("voll")).contains("Quota überschritten");
  }
}

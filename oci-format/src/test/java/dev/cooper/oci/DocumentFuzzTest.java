package dev.cooper.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Documents with seeded damage are read or refused, and nothing else ever happens. */
class DocumentFuzzTest {
  private static final int ROUNDS = 3_000;
  private static final String DIGEST =
      "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
  private static final String BLOB =
      "{'mediaType':'application/vnd.oci.image.layer.v1.tar','digest':'"
          + DIGEST
          + "','size':2,'data':'e30=','annotations':{'k':'v'},'urls':['u'],"
          + "'platform':{'os':'linux','architecture':'arm64','os.features':['x']},'future':[1.50]}";
  private static final String MANIFEST =
      "{'schemaVersion':2,'mediaType':'application/vnd.oci.image.manifest.v1+json','config':"
          + BLOB
          + ",'layers':["
          + BLOB
          + "],'subject':"
          + BLOB
          + ",'annotations':{'é':'\\u00e9'},'x':{'y':[null,true,-1e5,12345678901234567890]}}";
  private static final String INDEX =
      "{'schemaVersion':2,'mediaType':'application/vnd.oci.image.index.v1+json','manifests':["
          + BLOB
          + ","
          + BLOB
          + "],'artifactType':'a/b'}";
  private static final String CONFIG =
      "{'created':'2024-01-31T12:00:00.5+01:00','architecture':'amd64','os':'linux','config':"
          + "{'Env':['A=1'],'ExposedPorts':{'80/tcp':{}},'Labels':{'a':'b'},'Volumes':{'/v':{}},"
          + "'Healthcheck':{'Test':['NONE'],'Interval':5,'Retries':1},'ArgsEscaped':true,'Tty':false},"
          + "'rootfs':{'type':'layers','diff_ids':['"
          + DIGEST
          + "']},'history':[{'created':'2024-01-31T12:00:00Z','empty_layer':false}],'id':'x'}";

  /** What is put in place of something: each once broke a parser somewhere. */
  private static final String[] PIECES = {
    "null",
    "{}",
    "[]",
    "-1",
    "1e999999999",
    "9223372036854775808",
    "\"\"",
    "\"\\u0000\"",
    "true",
    "\"\\ud800\"",
    "{\"a\":{\"a\":[[]]}}",
    ",",
    ":",
    "\"",
    "\\",
    "0",
    "[null]",
    "\ufeff",
    "\"layers\"",
    "\"9999999999-01-01T00:00:00Z\"",
    "1.0",
    "-0",
    "-0.0",
    "9223372036854775807",
  };

  @Test
  void manifest() {
    fuzz(MANIFEST, Manifest::parse, Manifest::toBytes);
  }

  @Test
  void index() {
    fuzz(INDEX, Index::parse, Index::toBytes);
  }

  @Test
  void config() {
    fuzz(CONFIG, ImageConfig::parse, ImageConfig::toBytes);
  }

  private static <T> void fuzz(
      String quotedSimply, Function<byte[], T> parser, Function<T, byte[]> writer) {
    String text = quotedSimply.replace('\'', '"');
    check(text.getBytes(UTF_8), parser, writer);
    Random random = new Random(20240131);
    int read = 0;
    for (int round = 0; round < ROUNDS; round++) {
      byte[] damaged = round % 2 == 0 ? bytes(text, random) : pieces(text, random);
      read += check(damaged, parser, writer) ? 1 : 0;
    }
    // Else the damage would be too coarse to get past the first check.
    assertThat(read).isBetween(ROUNDS / 200, ROUNDS - ROUNDS / 4);
  }

  private static byte[] bytes(String text, Random random) {
    byte[] damaged = text.getBytes(UTF_8);
    for (int i = random.nextInt(3); i >= 0; i--) {
      damaged[random.nextInt(damaged.length)] =
          (byte) (random.nextBoolean() ? random.nextInt(256) : 0x20 + random.nextInt(0x5f));
    }
    return damaged;
  }

  /** Replaces what lies between two places where a value could begin or end. */
  private static byte[] pieces(String text, Random random) {
    int start = boundary(text, random.nextInt(text.length()));
    int end = boundary(text, Math.min(text.length() - 1, start + 1 + random.nextInt(40)));
    String piece = PIECES[random.nextInt(PIECES.length)];
    return (text.substring(0, start) + piece + text.substring(Math.max(start, end)))
        .getBytes(UTF_8);
  }

  private static int boundary(String text, int from) {
    int at = from;
    while (at < text.length() && ":,[]{}".indexOf(text.charAt(at)) < 0) {
      at++;
    }
    return at < text.length() && ":,[{".indexOf(text.charAt(at)) >= 0 && at > from ? at + 1 : at;
  }

  /** Whether it was read; then it has to survive being written and read again. */
  private static <T> boolean check(
      byte[] damaged, Function<byte[], T> parser, Function<T, byte[]> writer) {
    try {
      return DocumentFuzz.check(damaged, parser, writer);
    } catch (RuntimeException e) {
      return fail("reading " + new String(damaged, UTF_8), e);
    }
  }

  @Test
  void reference() {
    String letters = "abz09AZ.-_/:@[]% \né\u0000";
    String[] parts = {
      "localhost", "docker.io/", "library/", ":5000/", "@" + DIGEST, ":latest", "a"
    };
    Random random = new Random(20240131);
    for (int round = 0; round < ROUNDS; round++) {
      StringBuilder text = new StringBuilder();
      for (int i = random.nextInt(6); i >= 0; i--) {
        text.append(
            random.nextBoolean()
                ? parts[random.nextInt(parts.length)]
                : String.valueOf(letters.charAt(random.nextInt(letters.length()))));
      }
      ReferenceFuzz.reference(text.toString());
    }
  }
}

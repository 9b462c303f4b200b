package dev.cooper.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ManifestTest {
  private static final String HEX =
      "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
  private static final String CONFIG =
      "{'mediaType':'application/vnd.oci.image.config.v1+json','digest':'sha256:"
          + HEX
          + "','size':2}";
  private static final String LAYER =
      "{'mediaType':'application/vnd.oci.image.layer.v1.tar+gzip','digest':'sha256:"
          + HEX
          + "','size':7}";

  private static byte[] json(String quotedSimply) {
    return quotedSimply.replace('\'', '"').getBytes(UTF_8);
  }

  private static Manifest parse(String quotedSimply) {
    return Manifest.parse(json(quotedSimply));
  }

  private static String manifest(String more) {
    return "{'schemaVersion':2,'config':" + CONFIG + ",'layers':[" + LAYER + "]" + more + "}";
  }

  @Test
  void parseWhenEverythingIsThereKeepsIt() {
    String text =
        "{'schemaVersion':2,'mediaType':'application/vnd.oci.image.manifest.v1+json',"
            + "'artifactType':'a/b','config':"
            + CONFIG.replace("}", ",'data':'e30='}")
            + ",'layers':["
            + LAYER.replace(
                "}", ",'urls':['https://h/x'],'annotations':{'k':'v'},'future':[1,null]}")
            + "],'subject':"
            + CONFIG
            + ",'annotations':{'a':'<é>&/','z':''},"
            + "'aaa':{'b':1.10,'c':12345678901234567890,'d':null},'zzz':1E+400}";
    Manifest manifest = parse(text);
    assertThat(manifest.mediaType()).isEqualTo(MediaType.OCI_MANIFEST);
    assertThat(manifest.config().data()).isEqualTo(ByteString.utf8("{}"));
    assertThat(manifest.layers().get(0).urls()).containsExactly("https://h/x");
    assertThat(new String(manifest.toBytes(), UTF_8)).isEqualTo(text.replace('\'', '"'));
  }

  @Test
  void toBytesWhenExtraFieldsCameInAnotherOrderIsTheSame() {
    assertThat(parse(manifest(",'x':{'a':1,'b':2},'y':3")).toBytes())
        .isEqualTo(parse(manifest(",'y':3,'x':{'b':2,'a':1}")).toBytes());
  }

  @Test
  void parseWhenDockersKeepsItsType() {
    byte[] docker =
        json(manifest(",'mediaType':'application/vnd.docker.distribution.manifest.v2+json'"));
    assertThat(Manifest.parse(docker).mediaType()).isEqualTo(MediaType.DOCKER_MANIFEST);
    assertThat(Manifest.parse(docker, MediaType.DOCKER_MANIFEST).layers()).hasSize(1);
    assertThatExceptionOfType(ContentException.class)
        .isThrownBy(() -> Manifest.parse(docker, MediaType.OCI_MANIFEST))
        .withMessage(
            "manifest.mediaType: found application/vnd.docker.distribution.manifest.v2+json,"
                + " expected application/vnd.oci.image.manifest.v1+json");
    assertThatExceptionOfType(ContentException.class)
        .isThrownBy(() -> Manifest.parse(json(manifest("")), MediaType.DOCKER_MANIFEST))
        .withMessageContaining("manifest.mediaType: found none");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        ",'manifests':[] | manifest.manifests: found it, expected none",
        ",'Layers':[] | manifest.Layers: found this spelling, expected \"layers\"",
        ",'layers':[] | Duplicate field 'layers'",
        ",'a':1,'a':1 | Duplicate field 'a'",
        ",'x':{'a':1,'a':1} | Duplicate field 'a'",
        ",'mediaType':'application/vnd.oci.image.index.v1+json' | manifest.mediaType: found app",
        ",'mediaType':5 | manifest.mediaType: found 5, expected a string",
        ",'mediaType':'x' | manifest.mediaType: media type \"x\"",
        ",'annotations':{'a':1} | manifest.annotations.a: found 1, expected a string",
        ",'annotations':[] | manifest.annotations: found an array, expected an object",
        ",'subject':3 | manifest.subject: found 3, expected an object",
        ",'subject':{} | manifest.subject.mediaType: found none",
        ",'x':'\\ud800' | half a surrogate pair",
        ",'x':1e99999999999 | exponent is out of range",
        ",'x':01 | no valid JSON",
        ",'x':NaN | no valid JSON",
        ",} | no valid JSON",
        "}{ | found more after",
      })
  void parseWhenAFieldIsWrongNamesIt(String more, String message) {
    assertThatExceptionOfType(ContentException.class)
        .isThrownBy(() -> parse(manifest(more.strip())))
        .withMessageContaining(message.strip());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'size':-1 | manifest.layers[0].size: found -1, expected a size from 0",
        "'size':9223372036854775808 | layers[0].size: found 9223372036854775808, expected a size"
            + " below",
        "'size':7.0 | manifest.layers[0].size: found 7.0",
        "'size':'7' | manifest.layers[0].size: found the string \"7\"",
        "'size':null | manifest.layers[0].size: found none",
        "'size':7,'data':'e30=' | manifest.layers[0]: embedded data of",
        "'size':2,'data':'W10=' | content that has another digest",
        "'size':2,'data':'!' | manifest.layers[0].data: ",
        "'size':7,'Digest':'x' | layers[0].Digest: found this spelling, expected \"digest\"",
        "'size':7,'urls':[1] | manifest.layers[0].urls[0]: found 1, expected a string",
        "'size':7,'platform':{'os':1} | manifest.layers[0].platform.os: found 1",
      })
  void parseWhenADescriptorLiesNamesIt(String size, String message) {
    assertThatExceptionOfType(ContentException.class)
        .isThrownBy(() -> parse(manifest("").replace("'size':7", size.strip())))
        .withMessageContaining(message.strip());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "null | manifest: found null, expected a JSON object",
        "[] | manifest: found an array, expected a JSON object",
        "{} | manifest.schemaVersion: found none, expected 2",
        "{'schemaVersion':1,'fsLayers':[]} | Docker's schema 1 is not supported",
        "{'schemaVersion':3} | manifest.schemaVersion: found 3, expected 2",
        "{'schemaVersion':2} | manifest.config: found none, expected an object",
        "{'schemaVersion':2,'config':null} | manifest.config: found none",
      })
  void parseWhenNoManifestSaysSo(String text, String message) {
    assertThatExceptionOfType(ContentException.class)
        .isThrownBy(() -> parse(text.strip()))
        .withMessageContaining(message.strip());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{} | manifest.layers: found an object",
        "[null] | manifest.layers[0]: found null",
        "[[]] | manifest.layers[0]: found an array",
        "[{}] | manifest.layers[0].mediaType: found none",
      })
  void parseWhenLayersAreWrongSaysWhich(String layers, String message) {
    assertThatExceptionOfType(ContentException.class)
        .isThrownBy(() -> parse(manifest("").replace("[" + LAYER + "]", layers.strip())))
        .withMessageContaining(message.strip());
  }

  /** Go's encoder writes null for no layers, and Docker reads it so. */
  @Test
  void parseWhenLayersAreNullReadsNone() {
    assertThat(parse(manifest("").replace("[" + LAYER + "]", "null")).layers()).isEmpty();
  }

  @Test
  void parseWhenEmptyOrNoTextOrTooLongSaysSo() {
    assertRefused(new byte[0], "found nothing");
    assertRefused(new byte[] {'{', '"', (byte) 0xff, '"', ':', '1', '}'}, "not UTF-8");
    assertRefused("\ufeff{}".getBytes(UTF_8), "no valid JSON");
    assertRefused(new byte[ImageLimits.MAX_DOCUMENT_BYTES + 1], "expected at most 67108864");
    assertRefused("[".repeat(100_000).getBytes(UTF_8), "nesting depth");
    assertRefused(json(manifest(",'x':" + "1".repeat(5000))), "no valid JSON");
  }

  private static void assertRefused(byte[] bytes, String message) {
    assertThatExceptionOfType(ContentException.class)
        .isThrownBy(() -> Manifest.parse(bytes))
        .withMessageContaining(message);
  }

  @Test
  void extraWhenItNamesAKnownFieldIsRefused() {
    Manifest manifest = parse(manifest(""));
    assertThatExceptionOfType(IllegalArgumentException.class)
        .isThrownBy(
            () ->
                new Manifest(
                    manifest.mediaType(),
                    manifest.config(),
                    List.of(),
                    manifest.annotations(),
                    null,
                    null,
                    Map.of("layers", List.of())));
  }

  @Test
  void indexRefusesWhatAManifestHas() {
    byte[] both = json("{'schemaVersion':2,'manifests':[],'layers':[]}");
    assertThatExceptionOfType(ContentException.class)
        .isThrownBy(() -> Index.parse(both))
        .withMessageContaining("index.layers: found it, expected none");
    byte[] index = json("{'schemaVersion':2,'manifests':[]}");
    assertThatExceptionOfType(ContentException.class)
        .isThrownBy(() -> Index.parse(index, MediaType.OCI_MANIFEST))
        .withMessageContaining("expected application/vnd.oci.image.manifest.v1+json");
    assertThatExceptionOfType(ContentException.class)
        .isThrownBy(() -> Index.parse(json("{'schemaVersion':2}")))
        .withMessageContaining("index.manifests: found none");
  }

  @Test
  void indexWhenUmociWroteNullIsEmpty() {
    assertThat(Index.parse(json("{'schemaVersion':2,'manifests':null}")).manifests()).isEmpty();
  }

  @Test
  void indexKeepsEverything() {
    String text =
        "{'schemaVersion':2,'mediaType':'application/vnd.oci.image.index.v1+json','manifests':["
            + "{'mediaType':'application/vnd.oci.image.manifest.v1+json','digest':'sha256:"
            + HEX
            + "','size':2,'annotations':{'org.opencontainers.image.ref.name':'x'},'platform':"
            + "{'architecture':'arm64','os':'linux','os.features':['f'],'variant':'v8','features':['sse4']},"
            + "'artifactType':'a/b'}],'annotations':{'k':'v'},'zzz':[true,false]}";
    Index index = Index.parse(json(text));
    assertThat(new String(index.toBytes(), UTF_8)).isEqualTo(text.replace('\'', '"'));
    assertThat(index.withManifest(index.manifests().get(0)).manifests()).hasSize(2);
  }
}

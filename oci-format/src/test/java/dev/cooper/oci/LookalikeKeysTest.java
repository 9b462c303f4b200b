package dev.cooper.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One digest, two images: keys that Go's decoder takes for known ones, in every document. */
class LookalikeKeysTest {
  private static final String HEX = "0".repeat(64);
  private static final String DESCRIPTOR =
      "{'mediaType':'application/vnd.oci.image.manifest.v1+json','digest':'sha256:"
          + HEX
          + "','size':7%s}";
  private static final String PLAIN = String.format(DESCRIPTOR, "");

  private static byte[] json(String text) {
    return text.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
  }

  private static void assertRefused(Consumer<byte[]> reader, String text, String key) {
    assertThatThrownBy(() -> reader.accept(json(text)))
        .as(text)
        .isInstanceOf(ContentException.class)
        .hasMessageContaining("found this spelling, expected \"" + key + "\"");
  }

  @ParameterizedTest
  @CsvSource({
    "layerſ, layers",
    "Layers, layers",
    "LAYERS, layers",
    "Layerſ, layers",
    "ſchemaVersion, schemaVersion",
    "schemaversion, schemaVersion",
    "SchemaVersion, schemaVersion",
    "mediatype, mediaType",
    "annotationſ, annotations",
    "ſubject, subject",
    "Config, config",
    "manifeſts, manifests",
    "ArtifactType, artifactType"
  })
  void manifest(String lookalike, String key) {
    String whole = "{'schemaVersion':2,'config':" + PLAIN + ",'layers':[]";
    assertRefused(Manifest::parse, whole + ",'" + lookalike + "':[]}", key);
    assertRefused(Manifest::parse, "{'" + lookalike + "':[]," + whole.substring(1) + "}", key);
  }

  @ParameterizedTest
  @CsvSource({
    "manifestſ, manifests",
    "Manifests, manifests",
    "layerſ, layers",
    "Config, config",
    "ſubject, subject"
  })
  void index(String lookalike, String key) {
    String whole = "{'schemaVersion':2,'manifests':[],'" + lookalike + "':null}";
    assertRefused(Index::parse, whole, key);
  }

  @ParameterizedTest
  @CsvSource({
    "ſize, size",
    "Digest, digest",
    "urlſ, urls",
    "Platform, platform",
    "DATA, data",
    "mediatype, mediaType"
  })
  void descriptor(String lookalike, String key) {
    String entry = String.format(DESCRIPTOR, ",'" + lookalike + "':null");
    assertRefused(Index::parse, "{'schemaVersion':2,'manifests':[" + entry + "]}", key);
    assertRefused(
        Manifest::parse,
        "{'schemaVersion':2,'config':" + PLAIN + ",'layers':[" + entry + "]}",
        key);
  }

  @ParameterizedTest
  @CsvSource({
    "oſ, os",
    "OS, os",
    "Architecture, architecture",
    "oſ.version, os.version",
    "Variant, variant"
  })
  void platform(String lookalike, String key) {
    String more = ",'platform':{'os':'linux','architecture':'arm','" + lookalike + "':null}";
    String entry = String.format(DESCRIPTOR, more);
    assertRefused(Index::parse, "{'schemaVersion':2,'manifests':[" + entry + "]}", key);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'config':{'Env':[],'env':null} | Env",
        "'config':{'entrypoint':null} | Entrypoint",
        "'config':{'Volumeſ':{}} | Volumes",
        "'config':{'WORKINGDIR':'/'} | WorkingDir",
        "'config':{'Healthcheck':{'teſt':null}} | Test",
        "'config':{'healthchec\u212a':{}} | Healthcheck",
        "'hiſtory':[] | history",
        "'history':[{'empty_layer':false,'Empty_Layer':true}] | empty_layer",
        "'RootFS':{} | rootfs",
        "'rootfſ':{} | rootfs",
        "'Config':{} | config",
        "'Os':'linux' | os"
      })
  void config(String both) {
    String[] parts = both.split(" \\| ");
    String whole = "{'os':'linux','architecture':'amd64','rootfs':{'type':'layers','diff_ids':[]},";
    assertRefused(ImageConfig::parse, whole + parts[0] + "}", parts[1].strip());
  }

  @ParameterizedTest
  @ValueSource(strings = {"diff_idſ", "Diff_Ids", "DIFF_IDS"})
  void rootfs(String lookalike) {
    String rootfs = "'rootfs':{'type':'layers','diff_ids':[],'" + lookalike + "':[]}";
    assertRefused(
        ImageConfig::parse, "{'os':'linux','architecture':'amd64'," + rootfs + "}", "diff_ids");
  }

  /** Names that people choose are compared letter by letter, by Go's decoder too. */
  @Test
  void labelsAndAnnotationsMayDifferInCase() {
    ImageConfig config =
        ImageConfig.parse(
            json(
                "{'os':'linux','architecture':'amd64','config':{'Labels':{'a':'1','A':'2','s':'3',"
                    + "'ſ':'4'}},'rootfs':{'type':'layers','diff_ids':[]}}"));
    assertThat(config.config().labels()).hasSize(4);
  }

  @Test
  void extraFieldThatLooksLikeAKnownOneIsNotWritten() {
    for (String each : new String[] {"layerſ", "Layers", "layers"}) {
      assertThatThrownBy(
              () ->
                  new Manifest(
                      MediaType.OCI_MANIFEST,
                      Descriptor.of(MediaType.OCI_CONFIG, new byte[0]),
                      java.util.List.of(),
                      new TreeMap<>(),
                      null,
                      null,
                      Map.of(each, 1L)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("has its own place");
    }
  }
}

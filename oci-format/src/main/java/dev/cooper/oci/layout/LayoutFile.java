package dev.cooper.oci.layout;

import dev.cooper.oci.Json;
import dev.cooper.oci.JsonObject;
import java.util.Map;

/** The file {@code oci-layout}, which marks a layout. Source: OCI image-spec, "oci-layout file". */
final class LayoutFile {
  static final String NAME = "oci-layout";
  static final String INDEX = "index.json";
  private static final String VERSION = "1.0.0";

  private LayoutFile() {}

  static void check(byte[] bytes) {
    JsonObject json = Json.parse(bytes, NAME);
    String version = json.string("imageLayoutVersion");
    if (!version.equals(VERSION)) {
      throw json.wrong("imageLayoutVersion", "\"" + version + "\"", VERSION);
    }
  }

  static byte[] bytes() {
    return Json.write(Map.of("imageLayoutVersion", VERSION));
  }
}

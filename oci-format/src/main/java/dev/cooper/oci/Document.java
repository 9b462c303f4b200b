package dev.cooper.oci;

import org.jspecify.annotations.Nullable;

/** What manifests and indexes have in common when they are read. */
final class Document {
  private Document() {}

  static void requireSchemaVersion(JsonObject json) {
    long version = json.integerOr("schemaVersion", 0);
    if (version != 2) {
      throw json.wrong("schemaVersion", version == 0 ? "none" : String.valueOf(version), "2");
    }
  }

  /**
   * The body's type, which has to be what the descriptor or the header said (CVE-2021-41190). Only
   * OCI lets the body leave it out.
   */
  static MediaType mediaType(
      JsonObject json, @Nullable MediaType expected, MediaType oci, MediaType docker) {
    if (expected != null && !expected.equals(oci) && !expected.equals(docker)) {
      throw new ContentException(
          json.where() + ": found " + json.where() + " content, expected " + expected);
    }
    MediaType found = json.parsed("mediaType", MediaType::new);
    if (found == null) {
      if (docker.equals(expected)) {
        throw json.wrong("mediaType", "none", docker.value());
      }
      return oci;
    }
    boolean right =
        expected == null ? found.equals(oci) || found.equals(docker) : found.equals(expected);
    if (!right) {
      throw json.wrong(
          "mediaType", found.value(), expected == null ? oci + " or " + docker : expected.value());
    }
    return found;
  }

  static @Nullable MediaType artifactType(JsonObject json) {
    String text = json.stringOr("artifactType", "");
    if (text.isEmpty()) {
      return null;
    }
    try {
      return new MediaType(text);
    } catch (ContentException e) {
      throw new ContentException(json.where() + ".artifactType: " + e.getMessage(), e);
    }
  }
}

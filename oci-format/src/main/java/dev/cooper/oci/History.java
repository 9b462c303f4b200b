package dev.cooper.oci;

import java.time.Instant;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One step of how an image was made.
 *
 * <p>Source: OCI image-spec, "OCI Image Configuration: history". Immutable.
 *
 * @param created when, or null
 * @param createdBy the command; empty if not told
 * @param author who; empty if not told
 * @param comment anything; empty for none
 * @param emptyLayer whether the step made no layer
 * @param extra fields that this library does not know, as plain Java values
 */
public record History(
    @Nullable Instant created,
    String createdBy,
    String author,
    String comment,
    boolean emptyLayer,
    Map<String, @Nullable Object> extra) {
  private static final Set<String> KEYS =
      Set.of("created", "created_by", "author", "comment", "empty_layer");

  /**
   * Copies the extra fields.
   *
   * @param created when, or null
   * @param createdBy the command; empty if not told
   * @param author who; empty if not told
   * @param comment anything; empty for none
   * @param emptyLayer whether the step made no layer
   * @param extra fields that this library does not know, as plain Java values
   * @throws IllegalArgumentException if an extra field is one of the others, or no JSON value
   */
  public History {
    extra = Json.freezeExtra(extra, KEYS);
  }

  /**
   * A step that says only when and what.
   *
   * @param created when, or null
   * @param createdBy the command
   * @param emptyLayer whether the step made no layer
   * @return the step
   */
  public static History of(@Nullable Instant created, String createdBy, boolean emptyLayer) {
    return new History(created, createdBy, "", "", emptyLayer, Map.of());
  }

  static History from(JsonObject json) {
    return new History(
        json.parsed("created", Times::parse),
        json.stringOr("created_by", ""),
        json.stringOr("author", ""),
        json.stringOr("comment", ""),
        json.flag("empty_layer"),
        json.rest());
  }

  Map<String, @Nullable Object> toTree() {
    return new JsonFields()
        .add("created", Times.write(created))
        .add("created_by", createdBy)
        .add("author", author)
        .add("comment", comment)
        .add("empty_layer", emptyLayer)
        .with(extra);
  }
}

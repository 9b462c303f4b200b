package dev.cooper.oci.registry;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.Json;
import dev.cooper.oci.JsonObject;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a server says of a failure, in a form fit for a message.
 *
 * <p>Source: OCI distribution-spec, "Error Codes"; RFC 6749, "Error Response", for token services.
 *
 * @param codes such as {@code MANIFEST_UNKNOWN}
 * @param text codes and messages together; empty if it said nothing
 */
record ServerErrors(List<String> codes, String text) {
  private static final int MOST = 5;
  private static final String CODE = "[A-Za-z0-9_.-]{1,64}";

  /** Reads an answer to its end, or as far as there is sense in it. */
  static ServerErrors read(Response response, Redaction redaction) throws IOException {
    List<String> codes = new ArrayList<>();
    List<String> texts = new ArrayList<>();
    try {
      JsonObject json = Json.parse(response.beginning(), "error");
      for (JsonObject each : json.has("errors") ? json.objects("errors") : List.of(json)) {
        if (texts.size() < MOST) {
          one(each, codes, texts, redaction);
        }
      }
    } catch (InterruptedIOException e) {
      throw e;
    } catch (ContentException | IOException e) {
      // An error page for people, or a connection that broke: the status has to do.
      return new ServerErrors(codes, String.join("; ", texts));
    }
    return new ServerErrors(codes, String.join("; ", texts));
  }

  private static void one(
      JsonObject error, List<String> codes, List<String> texts, Redaction redaction) {
    String code = error.stringOr("code", error.stringOr("error", ""));
    String said = error.stringOr("message", error.stringOr("error_description", ""));
    String message = redaction.text(said.isEmpty() ? error.stringOr("details", "") : said);
    if (redaction.text(code).matches(CODE)) {
      codes.add(code);
      texts.add(message.isEmpty() ? code : code + ": " + message);
    } else if (!message.isEmpty()) {
      texts.add(message);
    }
  }

  /** The failure that an answer is. */
  RegistryException exception(Response response, String tried, @Nullable Throwable cause) {
    StringBuilder message = new StringBuilder(response.method());
    message.append(' ').append(Redaction.url(response.uri()));
    message.append(": answered ").append(response.status());
    if (!text.isEmpty()) {
      message.append(" (").append(text).append(')');
    }
    if (response.status() == 407) {
      message.append(
          " by the proxy; for HTTPS, the Java runtime shows it a password only with"
              + " -Djdk.http.auth.tunneling.disabledSchemes=\"\"");
    }
    message.append("; ").append(tried);
    return new RegistryException(message.toString(), response.status(), codes, cause);
  }
}

package dev.cooper.oci.registry;

import dev.cooper.oci.ImageLimits;
import java.io.Closeable;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** An answer: its head, and its body to be read or closed. */
final class Response implements Closeable {
  /** So much is read to keep a connection; beyond it a new one is cheaper. */
  private static final int DRAINED = 64 * 1024;

  private final String method;
  private final HttpResponse<BodyStream> response;
  private final BodyStream body;
  private byte @Nullable [] whole;

  Response(String method, HttpResponse<BodyStream> response) {
    this.method = method;
    this.response = response;
    this.body = bodyOf(response);
  }

  /** Its body; the client gives none for a proxy's refusal to reach a host that speaks TLS. */
  static BodyStream bodyOf(HttpResponse<BodyStream> response) {
    @Nullable BodyStream body = response.body();
    return body == null ? BodyStream.empty() : body;
  }

  String method() {
    return method;
  }

  URI uri() {
    return response.uri();
  }

  int status() {
    return response.statusCode();
  }

  BodyStream body() {
    return body;
  }

  Optional<String> header(String name) {
    return response.headers().firstValue(name);
  }

  List<String> headers(String name) {
    return response.headers().allValues(name);
  }

  /** The body's length in bytes, if the server says one. */
  OptionalLong length() {
    String header = header("Content-Length").orElse("");
    return header.matches("[0-9]{1,18}")
        ? OptionalLong.of(Long.parseLong(header))
        : OptionalLong.empty();
  }

  /** The whole body, which may not be over {@link ImageLimits#documentBytes}; read once. */
  byte[] bytes(ImageLimits limits) throws IOException {
    byte[] known = whole;
    if (known == null) {
      known = read(limits);
      whole = known;
    }
    return known;
  }

  private byte[] read(ImageLimits limits) throws IOException {
    try (BodyStream all = body) {
      String what = method + " " + Redaction.url(uri()) + ": the answer";
      limits.requireDocument(what, length().orElse(0));
      byte[] bytes = all.readNBytes(limits.documentBytes() + 1);
      limits.requireDocument(what, bytes.length);
      return bytes;
    }
  }

  /** The whole body of an answer that is no part of an image. */
  byte[] bytes() throws IOException {
    return bytes(ImageLimits.DEFAULT);
  }

  /** The body's beginning, for a message. */
  byte[] beginning() throws IOException {
    try (BodyStream all = body) {
      return all.readNBytes(DRAINED);
    }
  }

  /** Is done with it, and keeps the connection if little is left. */
  void discard() throws IOException {
    try (BodyStream all = body) {
      if (length().orElse(DRAINED) <= DRAINED) {
        all.readNBytes(DRAINED);
      }
    } catch (java.io.InterruptedIOException e) {
      throw e;
    } catch (IOException lost) {
      // The connection is gone, and nothing of it was wanted any more.
      body.close();
    }
  }

  @Override
  public void close() {
    body.close();
  }
}

package dev.cooper.oci.registry;

import java.net.URI;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A request, as it can be made again. Immutable.
 *
 * @param method HTTP's
 * @param target a path at the registry, or a whole URL
 * @param headers all but those that the client sets
 * @param content what is sent, or null for none
 * @param scopes what a token has to allow
 * @param once whether the caller itself tries again
 * @param stores whether it ends an upload, so that the registry has a blob to store before it
 *     answers
 */
record Call(
    String method,
    URI target,
    Map<String, String> headers,
    @Nullable Content content,
    Scopes scopes,
    boolean once,
    boolean stores) {
  /**
   * A request's body.
   *
   * @param source read anew by each try
   * @param length in bytes
   * @param progress told the bytes sent
   */
  record Content(BlobSource source, long length, LongConsumer progress) {}

  static Call of(String method, String path, Scopes scopes) {
    return to(method, URI.create(path), scopes);
  }

  static Call to(String method, URI target, Scopes scopes) {
    return new Call(method, target, Map.of(), null, scopes, false, false);
  }

  Call with(String header, String value) {
    Map<String, String> more = new LinkedHashMap<>(headers);
    more.put(header, value);
    return new Call(method, target, more, content, scopes, once, stores);
  }

  Call with(Content sent) {
    return new Call(method, target, headers, sent, scopes, once, stores);
  }

  Call withoutRetry() {
    return new Call(method, target, headers, content, scopes, true, stores);
  }

  Call thatStores() {
    return new Call(method, target, headers, content, scopes, once, true);
  }
}

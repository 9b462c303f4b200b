package dev.cooper.oci.registry;

import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageLimits;
import java.io.IOException;
import java.net.URI;

/**
 * A repository at one registry, and how its URLs are made. Source: OCI distribution-spec,
 * "Endpoints".
 *
 * @param host where it is
 * @param name its path there
 * @param mirror whether the next place is asked for what is not got here
 */
record Repository(RegistryHost host, String name, boolean mirror) {
  String path(String kind, String rest) {
    return "/v2/" + name + "/" + kind + "/" + rest;
  }

  URI blob(Digest digest) {
    return URI.create(path("blobs", digest.toString()));
  }

  Call call(String method, URI target, Scopes scopes) {
    return Call.to(method, target, scopes);
  }

  Call call(String method, String kind, String rest, Scopes scopes) {
    return Call.of(method, path(kind, rest), scopes);
  }

  /** A mirror is not waited for: whoever has one has something else to ask. */
  private Tries tries() {
    return mirror ? host.once() : host.tries();
  }

  Response send(Call call) throws IOException {
    return host.send(call, name, call.once() ? host.once() : tries());
  }

  Response expect(Call call, Integer... statuses) throws IOException {
    return host.expected(send(call), name, statuses);
  }

  Response document(Call call, ImageLimits limits, Integer... statuses) throws IOException {
    return host.document(call, name, limits, tries(), statuses);
  }

  RegistryException failure(Response response) throws IOException {
    return host.failure(response, name);
  }

  /** What messages call it. */
  String where() {
    return host.registry() + "/" + name;
  }
}

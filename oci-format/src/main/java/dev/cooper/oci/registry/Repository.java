package dev.cooper.oci.registry;

import dev.cooper.oci.Digest;
import java.io.IOException;
import java.net.URI;

/**
 * A repository at one registry, and how its URLs are made. Source: OCI distribution-spec,
 * "Endpoints".
 *
 * @param host where it is
 * @param name its path there
 */
record Repository(RegistryHost host, String name) {
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

  Response send(Call call) throws IOException {
    return host.send(call, name);
  }

  Response expect(Call call, Integer... statuses) throws IOException {
    return host.expect(call, name, statuses);
  }

  RegistryException failure(Response response) throws IOException {
    return host.failure(response, name);
  }

  /** What messages call it. */
  String where() {
    return host.registry() + "/" + name;
  }
}

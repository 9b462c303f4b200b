package dev.cooper.oci.registry;

import dev.cooper.oci.Text;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.List;

/**
 * Keeps secrets out of messages: those that URLs carry, and those that a server says back to us.
 *
 * <p>Thread-safe.
 */
final class Redaction {
  private static final int SHOWN = 300;

  /** A shorter one could be any word, whose absence would tell it. */
  private static final int SHORTEST = 4;

  private static final int MAX_SECRETS = 1000;

  private final LinkedHashSet<String> secrets = new LinkedHashSet<>();

  /** Remembers something that no message may hold, and forgets what was not used for longest. */
  synchronized void secret(String secret) {
    if (secret.length() < SHORTEST) {
      return;
    }
    secrets.remove(secret);
    secrets.add(secret);
    if (secrets.size() > MAX_SECRETS) {
      secrets.remove(secrets.iterator().next());
    }
  }

  /** Remembers what credentials hold, in each form that they are sent in. */
  void secrets(Credentials credentials) {
    if (credentials instanceof Credentials.Basic basic) {
      secret(basic.password());
      secret(basic(basic));
    } else if (credentials instanceof Credentials.IdentityToken identity) {
      secret(identity.token());
    } else if (credentials instanceof Credentials.RegistryToken registry) {
      secret(registry.token());
    }
  }

  /** User and password as HTTP's Basic scheme wants them (RFC 7617). */
  static String basic(Credentials.Basic basic) {
    byte[] both = (basic.user() + ":" + basic.password()).getBytes(StandardCharsets.UTF_8);
    return Base64.getEncoder().encodeToString(both);
  }

  /** A URL without user, query and fragment: a signed URL's secret is in its query. */
  static String url(URI uri) {
    String authority = String.valueOf(uri.getRawAuthority());
    // A host with an _ is none to the Java runtime.
    String host =
        uri.getHost() != null
            ? uri.getHost()
            : authority.matches("[A-Za-z0-9._-]+(:[0-9]+)?") && uri.getRawAuthority() != null
                ? authority
                : "";
    String port = uri.getPort() < 0 ? "" : ":" + uri.getPort();
    String path = uri.getRawPath() == null ? "" : uri.getRawPath();
    String scheme = uri.getScheme() == null ? "" : uri.getScheme() + ":";
    // One without an authority, such as mailto:, may say anything after its colon.
    String shown = uri.isOpaque() ? "\u2026" : path;
    return Text.line(scheme + (host.isEmpty() ? "" : "//" + host + port) + shown);
  }

  private synchronized List<String> secrets() {
    return List.copyOf(secrets);
  }

  /** What a server says: one line, bounded, without control characters and known secrets. */
  String text(String said) {
    String clean = said;
    for (String secret : secrets()) {
      clean = clean.replace(secret, "***");
    }
    boolean cut = clean.length() > SHOWN;
    StringBuilder shown = new StringBuilder();
    (cut ? clean.substring(0, SHOWN) : clean)
        .codePoints()
        .forEach(each -> shown.appendCodePoint(Text.showsItself(each) ? each : ' '));
    return shown.toString().strip() + (cut ? "…" : "");
  }
}

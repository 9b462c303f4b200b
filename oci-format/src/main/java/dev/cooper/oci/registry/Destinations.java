package dev.cooper.oci.registry;

import dev.cooper.oci.OperationException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.Locale;

/**
 * Whereto a registry, or another server, may send us: by a redirect, an upload's Location, its
 * token service's realm or a foreign layer's URL.
 *
 * <p>Never from TLS to plain HTTP, and never further inside than the registry is itself, or every
 * registry on the internet could make us call the hosts of our own network. A name is looked up
 * here and again on connecting; in between, the Java runtime's cache keeps its addresses.
 * Thread-safe.
 */
final class Destinations {
  private final Settings settings;

  Destinations(Settings settings) {
    this.settings = settings;
  }

  /**
   * A URL that a registry gave.
   *
   * @param from the registry's own
   * @param what it is, for messages
   * @throws OperationException if it may not send us there
   */
  URI checked(URI from, URI to, String what) {
    String scheme = String.valueOf(to.getScheme()).toLowerCase(Locale.ROOT);
    if (to.getHost() == null || !(scheme.equals("https") || scheme.equals("http"))) {
      throw refused(from, to, what, "it is no http or https URL");
    }
    if (to.getRawUserInfo() != null) {
      throw refused(from, to, what, "it holds a user");
    }
    if (scheme.equals("http") && !from.getScheme().equals("http")) {
      throw refused(from, to, what, "it is plain HTTP, and that server speaks TLS");
    }
    if (!to.getHost().equalsIgnoreCase(from.getHost())) {
      requireReach(from, to, what);
    }
    return to;
  }

  private void requireReach(URI from, URI to, String what) {
    InetAddress[] targets = addresses(to);
    if (targets.length == 0) {
      return; // a proxy knows the name, or the connection will fail
    }
    Reach target = Reach.PUBLIC;
    for (InetAddress each : targets) {
      target = Reach.of(each).compareTo(target) > 0 ? Reach.of(each) : target;
    }
    // The registry's own name may have a public and, by its owner's malice, an inner address.
    Reach own = Reach.UNUSABLE;
    for (InetAddress each : addresses(from)) {
      own = Reach.of(each).compareTo(own) < 0 ? Reach.of(each) : own;
    }
    if (own == Reach.UNUSABLE) {
      own = Reach.PUBLIC;
    }
    if (target == Reach.PRIVATE && settings.privateDestinations()) {
      return;
    }
    if (target == Reach.UNUSABLE || target.compareTo(own) > 0) {
      String remedy = target == Reach.PRIVATE ? "; allowPrivateDestinations(true) allows it" : "";
      String kind = target.name().toLowerCase(Locale.ROOT);
      throw refused(
          from, to, what, "its address is " + kind + ", and that server's is not" + remedy);
    }
  }

  private InetAddress[] addresses(URI uri) {
    try {
      return settings.addresses().of(uri.getHost());
    } catch (UnknownHostException e) {
      return new InetAddress[0];
    }
  }

  private static OperationException refused(URI from, URI to, String what, String why) {
    return new OperationException(
        String.format(
            Locale.ROOT,
            "%s of %s leads to %s, which is refused: %s",
            what,
            from.getRawAuthority(),
            Redaction.url(to),
            why));
  }
}

package dev.cooper.oci.registry;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.ImageReference;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.Text;
import java.util.ArrayList;
import java.util.List;

/**
 * How the images whose names begin with a prefix are reached.
 *
 * <p>Source: {@code [[registry]]} of containers-registries.conf(5). Immutable.
 *
 * @param prefix {@code host[:port][/namespace…]}, at most a whole repository, with a tag or digest
 *     if it is for that alone; or {@code *.host} for every host below one
 * @param location what is put in the prefix's place, in the same form; empty to leave the name as
 *     it is
 * @param insecure true if plain HTTP, or TLS that nobody can verify, is allowed at the location
 * @param blocked true if these images are neither read nor written
 * @param mirrorByDigestOnly true if no mirror is asked for a reference without a digest
 * @param mirrors asked before the location, in this order
 */
public record RegistryRule(
    String prefix,
    String location,
    boolean insecure,
    boolean blocked,
    boolean mirrorByDigestOnly,
    List<RegistryMirror> mirrors) {
  private static final String WILDCARD = "*.";

  /**
   * Checks prefix and location, and copies the mirrors.
   *
   * @param prefix what the images' names begin with
   * @param location what is put in its place; empty to leave the name as it is
   * @param insecure true if plain HTTP is allowed there
   * @param blocked true if these images are neither read nor written
   * @param mirrorByDigestOnly true if no mirror is asked for a reference without a digest
   * @param mirrors asked before the location
   * @throws ContentException if a prefix or location has another form, or a mirror for digests or
   *     tags alone contradicts {@code mirrorByDigestOnly}
   */
  public RegistryRule {
    prefix = withoutSlash(prefix);
    if (prefix.startsWith(WILDCARD)) {
      requireLocation(prefix.substring(WILDCARD.length()), "prefix");
      if (nameOf(prefix).indexOf('/') >= 0 || prefix.indexOf(':') >= 0) {
        throw malformed("prefix", prefix, "after a wildcard there can be a host alone");
      }
    } else {
      requireLocation(prefix, "prefix");
    }
    location = withoutSlash(location);
    String suffix = prefix.substring(nameOf(prefix).length());
    if (!suffix.isEmpty() && location.endsWith(suffix)) {
      location = location.substring(0, location.length() - suffix.length());
    }
    if (!location.isEmpty()) {
      location = location(location, "location");
    }
    mirrors = List.copyOf(mirrors);
    for (RegistryMirror each : mirrors) {
      if (mirrorByDigestOnly && each.use() != RegistryMirror.Use.ALL) {
        throw new ContentException(
            "pull-from-mirror of "
                + each.location()
                + " is "
                + each.use()
                + ", and can't be said beside mirror-by-digest-only");
      }
    }
  }

  /**
   * A rule that changes nothing yet.
   *
   * @param prefix what the images' names begin with
   * @return the rule
   * @throws ContentException if it has another form
   */
  public static RegistryRule of(String prefix) {
    return new RegistryRule(prefix, "", false, false, false, List.of());
  }

  /**
   * A copy that puts something in the prefix's place.
   *
   * @param location {@code host[:port][/namespace…]}; empty to leave the name as it is
   * @return the copy
   * @throws ContentException if it has another form
   */
  public RegistryRule withLocation(String location) {
    return new RegistryRule(prefix, location, insecure, blocked, mirrorByDigestOnly, mirrors);
  }

  /**
   * A copy that may be spoken to by plain HTTP, or not.
   *
   * @param insecure true if it may
   * @return the copy
   */
  public RegistryRule withInsecure(boolean insecure) {
    return new RegistryRule(prefix, location, insecure, blocked, mirrorByDigestOnly, mirrors);
  }

  /**
   * A copy that is blocked, or not.
   *
   * @param blocked true if these images are neither read nor written
   * @return the copy
   */
  public RegistryRule withBlocked(boolean blocked) {
    return new RegistryRule(prefix, location, insecure, blocked, mirrorByDigestOnly, mirrors);
  }

  /**
   * A copy with one mirror more, asked after those that it has.
   *
   * @param mirror the place
   * @return the copy
   */
  public RegistryRule withMirror(RegistryMirror mirror) {
    List<RegistryMirror> more = new ArrayList<>(mirrors);
    more.add(mirror);
    return new RegistryRule(prefix, location, insecure, blocked, mirrorByDigestOnly, more);
  }

  /**
   * How much of a reference's name the prefix says; the rule that says most counts.
   *
   * @return a number of characters, or 0 if the reference does not begin with it
   */
  int matches(ImageReference reference) {
    if (prefix.startsWith(WILDCARD)) {
      String host = hostOf(reference.registry());
      return host.endsWith(prefix.substring(1)) ? prefix.length() - 1 : 0;
    }
    String name = reference.toString();
    if (!name.startsWith(prefix)) {
      return 0;
    }
    // A registry with a port is another one than that without.
    String separators = prefix.indexOf('/') < 0 ? "/" : "/:@";
    boolean ends = name.length() == prefix.length();
    return ends || separators.indexOf(name.charAt(prefix.length())) >= 0 ? prefix.length() : 0;
  }

  /** The places to read a reference from, which this rule matches. */
  List<Endpoint> endpoints(ImageReference reference) {
    boolean digested = reference.digest() != null;
    List<Endpoint> endpoints = new ArrayList<>();
    for (RegistryMirror each : mirrors) {
      if (each.use().allows(digested) && (digested || !mirrorByDigestOnly)) {
        endpoints.add(endpoint(reference, each.location(), each.insecure(), true));
      }
    }
    endpoints.add(endpoint(reference, location, insecure, false));
    return endpoints;
  }

  /** The place that a reference names itself. */
  Endpoint named(ImageReference reference) {
    return endpoint(reference, "", insecure, false);
  }

  private Endpoint endpoint(ImageReference reference, String place, boolean plain, boolean mirror) {
    String name = reference.registry() + "/" + reference.repository();
    if (!place.isEmpty()) {
      boolean wildcard = prefix.startsWith(WILDCARD);
      int replaced = wildcard ? reference.registry().length() : nameOf(prefix).length();
      name = place + name.substring(replaced);
    }
    int slash = name.indexOf('/');
    if (slash < 0) {
      throw new OperationException(
          "image "
              + reference
              + ": location "
              + place
              + " of prefix "
              + prefix
              + " leaves no repository: add one to the location, or shorten the prefix");
    }
    // Completes Docker Hub's short names, as for a reference that a person writes.
    String registry = name.substring(0, slash);
    boolean hub = registry.equals("docker.io") || registry.equals("index.docker.io");
    ImageReference there =
        hub
            ? ImageReference.parse(name)
            : new ImageReference(registry, name.substring(slash + 1), "latest", null);
    return new Endpoint(
        there.registry(),
        there.repository(),
        plain || Endpoint.isLoopback(there.registry()),
        mirror);
  }

  /** Where its images are. */
  String place() {
    return location.isEmpty() ? prefix : location;
  }

  /** The name in {@code host/name}, {@code host/name:tag} or {@code host/name@digest}. */
  private static String nameOf(String place) {
    int at = place.indexOf('@');
    String named = at < 0 ? place : place.substring(0, at);
    int slash = named.indexOf('/');
    int colon = slash < 0 ? -1 : named.indexOf(':', slash);
    return colon < 0 ? named : named.substring(0, colon);
  }

  private static String hostOf(String registry) {
    int colon = registry.indexOf(':', registry.indexOf(']') + 1);
    return colon < 0 ? registry : registry.substring(0, colon);
  }

  private static String withoutSlash(String place) {
    return place.endsWith("/") ? place.substring(0, place.length() - 1) : place;
  }

  /** A checked {@code host[:port][/namespace…]} without tag and digest. */
  static String location(String text, String what) {
    String place = withoutSlash(text);
    requireLocation(place, what);
    if (nameOf(place).length() < place.length()) {
      throw malformed(what, place, "a tag or digest can't be put in another's place");
    }
    return place;
  }

  private static void requireLocation(String place, String what) {
    if (place.contains("://")) {
      throw malformed(what, place, "it begins with a host, not with a scheme");
    }
    int slash = place.indexOf('/');
    String registry = slash < 0 ? place : place.substring(0, slash);
    String rest = slash < 0 ? "any" : place.substring(slash + 1);
    try {
      // Never completed: what has no dot is a host here.
      ImageReference whole = ImageReference.parse("localhost/" + rest);
      new ImageReference(registry, whole.repository(), whole.tag(), whole.digest());
    } catch (ContentException e) {
      throw new ContentException(
          what + " " + Text.quote(place) + ": expected host[:port][/namespace]", e);
    }
  }

  private static ContentException malformed(String what, String place, String problem) {
    return new ContentException(what + " " + Text.quote(place) + ": " + problem);
  }
}

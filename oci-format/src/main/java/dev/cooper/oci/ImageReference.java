package dev.cooper.oci;

import java.util.Locale;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where an image is: registry, repository, and a tag or a digest or both.
 *
 * <p>What is written shortly is completed as Docker does it: {@code debian} is {@code
 * docker.io/library/debian:latest}. Source: the grammar of the distribution project's {@code
 * reference} package.
 *
 * @param registry host, and port if there is one, such as {@code localhost:5000}
 * @param repository path in the registry, such as {@code library/debian}
 * @param tag such as {@code 12}, or null if there is only a digest
 * @param digest of the manifest or index, or null
 */
public record ImageReference(
    String registry, String repository, @Nullable String tag, @Nullable Digest digest) {
  private static final String DOCKER_HUB = "docker.io";
  private static final String DOCKER_HUB_INDEX = "index.docker.io";
  private static final String OFFICIAL = "library/";

  /** The longest registry and repository together, with the slash between. */
  private static final int MAX_NAME = 255;

  private static final Pattern LABEL = Pattern.compile("[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?");
  private static final Pattern IPV6 = Pattern.compile("\\[[0-9a-fA-F:]+]");
  private static final Pattern PORT = Pattern.compile("[0-9]{1,5}");
  private static final Pattern COMPONENT =
      Pattern.compile("[a-z0-9]++(?:(?:\\.|_|__|-++)[a-z0-9]++)*+");
  private static final Pattern TAG = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}");
  private static final Pattern IDENTIFIER = Pattern.compile("[0-9a-f]{64}");

  /**
   * Checks every part.
   *
   * @param registry host, and port if there is one
   * @param repository path in the registry
   * @param tag such as {@code 12}, or null if there is only a digest
   * @param digest of the manifest or index, or null
   * @throws ContentException if a part is malformed, or there is neither tag nor digest
   */
  public ImageReference {
    String problem = problem(registry, repository, tag);
    if (problem == null && tag == null && digest == null) {
      problem = "it has neither a tag nor a digest";
    }
    if (problem != null) {
      throw malformed(registry + "/" + repository + (tag == null ? "" : ":" + tag), problem);
    }
  }

  /**
   * Reads what a person writes.
   *
   * <p>The part before the first slash is the registry if it has a dot, a colon or a capital
   * letter, or is {@code localhost}; else the registry is {@code docker.io}. Without tag and digest
   * the tag is {@code latest}.
   *
   * @param text such as {@code debian}, {@code localhost:5000/app:1.0} or {@code app@sha256:…}
   * @return the complete reference
   * @throws ContentException quoting the text and saying what is wrong with it
   */
  public static ImageReference parse(String text) {
    int at = text.indexOf('@');
    Digest digest = at < 0 ? null : digest(text, text.substring(at + 1));
    String named = at < 0 ? text : text.substring(0, at);
    int colon = named.indexOf(':', named.lastIndexOf('/') + 1);
    String name = colon < 0 ? named : named.substring(0, colon);
    String tag = colon < 0 ? null : named.substring(colon + 1);
    if (tag == null && digest == null) {
      tag = "latest";
    }
    if (name.isEmpty()) {
      throw malformed(text, "it has no name");
    }
    if (IDENTIFIER.matcher(name).matches()) {
      throw malformed(text, "64 hexadecimal digits are an image's id, no name");
    }
    int slash = name.indexOf('/');
    boolean registered = slash >= 0 && isRegistry(name.substring(0, slash));
    String registry = registered ? name.substring(0, slash) : DOCKER_HUB;
    String repository = registered ? name.substring(slash + 1) : name;
    if (registry.equals(DOCKER_HUB_INDEX)) {
      registry = DOCKER_HUB;
    }
    if (registry.equals(DOCKER_HUB) && repository.indexOf('/') < 0) {
      repository = OFFICIAL + repository;
    }
    String problem = problem(registry, repository, tag);
    if (problem != null) {
      throw malformed(text, problem);
    }
    return new ImageReference(registry, repository, tag, digest);
  }

  private static Digest digest(String text, String digest) {
    try {
      return Digest.parse(digest);
    } catch (ContentException e) {
      throw new ContentException("image reference " + Text.quote(text) + ": " + e.getMessage(), e);
    }
  }

  private static boolean isRegistry(String first) {
    return first.indexOf('.') >= 0
        || first.indexOf(':') >= 0
        || first.equals("localhost")
        || !first.equals(first.toLowerCase(Locale.ROOT));
  }

  private static @Nullable String problem(
      String registry, String repository, @Nullable String tag) {
    if (!isHostAndPort(registry)) {
      return "its registry " + Text.quote(registry) + " is no host, or host:port";
    }
    for (String component : repository.split("/", -1)) {
      if (!COMPONENT.matcher(component).matches()) {
        return componentProblem(repository, component);
      }
    }
    int length = registry.length() + 1 + repository.length();
    if (length > MAX_NAME) {
      return "its name has " + length + " characters, over " + MAX_NAME;
    }
    if (tag != null && !TAG.matcher(tag).matches()) {
      return "its tag "
          + Text.quote(tag)
          + " is not 1 to 128 letters, digits, '_', '.' or '-' that begin with no '.' or '-'";
    }
    return null;
  }

  private static String componentProblem(String repository, String component) {
    if (component.isEmpty()) {
      return "its repository " + Text.quote(repository) + " has an empty part";
    }
    if (COMPONENT.matcher(component.toLowerCase(Locale.ROOT)).matches()) {
      return "its repository " + Text.quote(repository) + " has a capital letter";
    }
    return "its repository's part "
        + Text.quote(component)
        + " is not lower-case letters and digits, separated by '.', '_', '__' or dashes";
  }

  private static boolean isHostAndPort(String registry) {
    int colon = registry.indexOf(':', registry.indexOf(']') + 1);
    String host = colon < 0 ? registry : registry.substring(0, colon);
    if (colon >= 0 && !PORT.matcher(registry.substring(colon + 1)).matches()) {
      return false;
    }
    if (IPV6.matcher(host).matches()) {
      return true;
    }
    for (String label : host.split("\\.", -1)) {
      if (!LABEL.matcher(label).matches()) {
        return false;
      }
    }
    return true;
  }

  private static ContentException malformed(String text, String problem) {
    return new ContentException("image reference " + Text.quote(text) + ": " + problem);
  }

  /**
   * Whether a text is a whole, valid tag.
   *
   * @param text any text
   * @return true if a reference can have it as its tag
   */
  public static boolean isTag(String text) {
    return TAG.matcher(text).matches();
  }

  /**
   * The same repository with another tag and no digest, as the digest was another image's.
   *
   * @param tag such as {@code 12}
   * @return the reference
   * @throws ContentException if the tag is malformed
   */
  public ImageReference withTag(String tag) {
    return new ImageReference(registry, repository, tag, null);
  }

  /**
   * The same repository and tag, pinned to a digest.
   *
   * @param digest of the manifest or index
   * @return the reference
   */
  public ImageReference withDigest(Digest digest) {
    return new ImageReference(registry, repository, tag, digest);
  }

  /**
   * The shortest form that means the same: without {@code docker.io} and {@code library}.
   *
   * @return such as {@code debian:12} or {@code localhost:5000/app:1.0}
   */
  public String familiar() {
    String name = repository;
    if (repository.startsWith(OFFICIAL) && repository.indexOf('/', OFFICIAL.length()) < 0) {
      name = repository.substring(OFFICIAL.length());
    }
    int slash = name.indexOf('/');
    boolean ambiguous =
        slash < 0 ? IDENTIFIER.matcher(name).matches() : isRegistry(name.substring(0, slash));
    return registry.equals(DOCKER_HUB) && !ambiguous ? name + suffix() : toString();
  }

  private String suffix() {
    return (tag == null ? "" : ":" + tag) + (digest == null ? "" : "@" + digest);
  }

  /** The complete form, such as {@code docker.io/library/debian:12}. */
  @Override
  public String toString() {
    return registry + "/" + repository + suffix();
  }

  // Written out, as hashCode is: a record's own are linked when they are first called, and that is
  // a good part of what a short process takes.
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ImageReference reference
        && repository.equals(reference.repository)
        && registry.equals(reference.registry)
        && Objects.equals(tag, reference.tag)
        && Objects.equals(digest, reference.digest);
  }

  @Override
  public int hashCode() {
    return toString().hashCode();
  }
}

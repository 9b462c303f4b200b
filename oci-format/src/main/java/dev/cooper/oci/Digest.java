package dev.cooper.oci;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What identifies content: an algorithm, and the hash of the bytes in lower-case hexadecimal.
 *
 * <p>Only SHA-256 and SHA-512, each at its full length, can be made; so a digest is safe as a part
 * of a path or of a URL. Source: OCI image-spec, "Descriptors: Digests".
 *
 * @param algorithm {@code sha256} or {@code sha512}
 * @param hex 64 or 128 lower-case hexadecimal digits
 */
public record Digest(String algorithm, String hex) implements Comparable<Digest> {
  private static final Pattern HEX = Pattern.compile("[0-9a-f]+");

  /**
   * Checks both parts.
   *
   * @param algorithm {@code sha256} or {@code sha512}
   * @param hex 64 or 128 lower-case hexadecimal digits
   * @throws ContentException if the algorithm is another, or the digits are not its hash's
   */
  public Digest {
    int length =
        switch (algorithm) {
          case "sha256" -> 64;
          case "sha512" -> 128;
          default ->
              throw new ContentException(
                  "digest "
                      + Text.quote(algorithm + ":" + hex)
                      + ": found an unknown algorithm, expected sha256 or sha512");
        };
    if (hex.length() != length || !HEX.matcher(hex).matches()) {
      throw new ContentException(
          String.format(
              Locale.ROOT,
              "digest %s: found %d characters after the colon, expected %d digits of 0-9 and a-f",
              Text.quote(algorithm + ":" + hex),
              hex.length(),
              length));
    }
  }

  /**
   * Reads {@code algorithm:hex}.
   *
   * @param text the digest's usual form
   * @return the digest
   * @throws ContentException if it is anything else
   */
  public static Digest parse(String text) {
    int colon = text.indexOf(':');
    if (colon < 0) {
      throw new ContentException(
          "digest " + Text.quote(text) + ": found no colon, expected algorithm:hex");
    }
    return new Digest(text.substring(0, colon), text.substring(colon + 1));
  }

  /**
   * The digest of some bytes.
   *
   * @param bytes the content
   * @return its SHA-256
   */
  public static Digest sha256(byte[] bytes) {
    return of("sha256", newSha256().digest(bytes));
  }

  /**
   * A digest from the hash itself.
   *
   * @param algorithm {@code sha256} or {@code sha512}
   * @param hash 32 or 64 bytes, as {@link MessageDigest#digest()} gives them
   * @return the digest
   * @throws ContentException if the hash has not the algorithm's length
   */
  public static Digest of(String algorithm, byte[] hash) {
    return new Digest(algorithm, HexFormat.of().formatHex(hash));
  }

  /**
   * A hasher, to be used while content streams by.
   *
   * @return a new SHA-256
   */
  public static MessageDigest newSha256() {
    return hasher("SHA-256");
  }

  /**
   * A hasher of this digest's algorithm, to verify content with.
   *
   * @return a new one
   */
  public MessageDigest newMessageDigest() {
    return hasher(algorithm.equals("sha256") ? "SHA-256" : "SHA-512");
  }

  /**
   * Whether this is the digest of some bytes.
   *
   * @param bytes the content
   * @return true if their hash is this one
   */
  public boolean matches(byte[] bytes) {
    return of(algorithm, newMessageDigest().digest(bytes)).equals(this);
  }

  private static MessageDigest hasher(String name) {
    try {
      return MessageDigest.getInstance(name);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("this Java runtime lacks " + name, e);
    }
  }

  @Override
  public int compareTo(Digest other) {
    return toString().compareTo(other.toString());
  }

  /** The usual form, {@code algorithm:hex}. */
  @Override
  public String toString() {
    return algorithm + ":" + hex;
  }

  // Written out, as hashCode is: a record's own are linked when they are first called, and that is
  // a good part of what a short process takes.
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Digest digest
        && hex.equals(digest.hex)
        && algorithm.equals(digest.algorithm);
  }

  @Override
  public int hashCode() {
    return hex.hashCode();
  }
}

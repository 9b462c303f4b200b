package dev.cooper.text;

import java.net.URI;

/** URLs as they may be shown. */
public final class Urls {
  private Urls() {}

  /** A URL without user and query, which may hold secrets. */
  public static String redacted(URI url) {
    String scheme = url.getScheme() == null ? "" : url.getScheme() + ":";
    String authority = String.valueOf(url.getRawAuthority());
    String host = authority.substring(authority.lastIndexOf('@') + 1);
    // What is opaque, such as data:, may hold anything after its colon.
    return scheme
        + (url.getRawAuthority() == null ? "" : "//" + host)
        + (url.isOpaque() ? "\u2026" : url.getRawPath());
  }
}

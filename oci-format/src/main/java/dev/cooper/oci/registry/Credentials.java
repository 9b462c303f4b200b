package dev.cooper.oci.registry;

import java.util.regex.Pattern;

/**
 * What a person proves to a registry, or to its token service, who they are with.
 *
 * <p>No {@code toString} shows a secret. Immutable. Source: the {@code auths} of Docker's {@code
 * config.json}, which knows these three.
 */
public sealed interface Credentials
    permits Credentials.Basic, Credentials.IdentityToken, Credentials.RegistryToken {
  /**
   * A name and a password, for HTTP's Basic scheme and for a token service.
   *
   * @param user the name, without a colon
   * @param password the password, or what a registry hands out in its place
   */
  record Basic(String user, String password) implements Credentials {
    /**
     * Checks the name.
     *
     * @param user the name, without a colon
     * @param password the password
     * @throws IllegalArgumentException if the name has a colon, with which Basic (RFC 7617) would
     *     read another name and password
     */
    public Basic {
      if (user.indexOf(':') >= 0) {
        throw new IllegalArgumentException("a user's name can have no colon");
      }
    }

    /** The user alone. */
    @Override
    public String toString() {
      return "Basic[user " + user + "]";
    }
  }

  /**
   * A refresh token, exchanged by OAuth2 for an access token at the registry's token service.
   *
   * @param token the secret
   */
  record IdentityToken(String token) implements Credentials {
    /** The kind alone. */
    @Override
    public String toString() {
      return "IdentityToken[]";
    }
  }

  /**
   * A bearer token that the registry takes as it is.
   *
   * @param token the secret
   */
  record RegistryToken(String token) implements Credentials {
    private static final Pattern FORM = Pattern.compile("[\\x21-\\x7e]*");

    /**
     * Checks the token.
     *
     * @param token the secret
     * @throws IllegalArgumentException if no header can hold it, as with the line break that a file
     *     ends with
     */
    public RegistryToken {
      if (!isToken(token)) {
        throw new IllegalArgumentException(
            "a registry's token holds a space, a line break or another character that no header can"
                + " hold");
      }
    }

    static boolean isToken(String token) {
      return FORM.matcher(token).matches();
    }

    /** The kind alone. */
    @Override
    public String toString() {
      return "RegistryToken[]";
    }
  }
}

package dev.cooper.oci.registry;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;

/** One of the {@code auths}: what is said about a registry or a namespace of one. */
final class AuthEntry {
  /** The user's name that says that the password is an identity token. */
  private static final String TOKEN_USER = "<token>";

  private AuthEntry() {}

  static Credentials credentials(String user, String secret) {
    return user.equals(TOKEN_USER)
        ? new Credentials.IdentityToken(secret)
        : new Credentials.Basic(user, secret);
  }

  /**
   * Reads an entry.
   *
   * @return empty if there is nothing in it, as where a helper keeps it
   * @throws dev.cooper.oci.ContentException naming file and place, if it is malformed
   */
  static Optional<Credentials> read(SettingsObject entry) {
    String registryToken = entry.text("registrytoken").orElse("");
    if (!Credentials.RegistryToken.isToken(registryToken)) {
      throw entry.malformed("registrytoken", "found a character that no header can hold");
    }
    if (!registryToken.isEmpty()) {
      return Optional.of(new Credentials.RegistryToken(registryToken));
    }
    String identityToken = entry.text("identitytoken").orElse("");
    if (!identityToken.isEmpty()) {
      return Optional.of(new Credentials.IdentityToken(identityToken));
    }
    String auth = entry.text("auth").orElse("").strip();
    String user = entry.text("username").orElse("");
    String password = entry.text("password").orElse("");
    if (!auth.isEmpty()) {
      String pair = decode(entry, auth);
      int colon = pair.indexOf(':');
      if (colon < 0) {
        throw entry.malformed("auth", "found no colon between user and password in its base64");
      }
      user = pair.substring(0, colon);
      password = withoutZeros(pair.substring(colon + 1));
    } else if (user.indexOf(':') >= 0) {
      throw entry.malformed("username", "found a colon, which a user's name can't have");
    }
    return user.isEmpty() && password.isEmpty()
        ? Optional.empty()
        : Optional.of(credentials(user, password));
  }

  private static String decode(SettingsObject entry, String auth) {
    try {
      byte[] bytes = Base64.getDecoder().decode(auth);
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (IllegalArgumentException e) {
      // Without its cause, which quotes a character of it.
      throw entry.malformed("auth", "found no base64");
    } catch (CharacterCodingException e) {
      throw entry.malformed("auth", "found bytes that are not UTF-8 in its base64");
    }
  }

  /** Docker fills short passwords up with zeros. */
  private static String withoutZeros(String password) {
    int start = 0;
    int end = password.length();
    while (start < end && password.charAt(start) == 0) {
      start++;
    }
    while (end > start && password.charAt(end - 1) == 0) {
      end--;
    }
    return password.substring(start, end);
  }
}

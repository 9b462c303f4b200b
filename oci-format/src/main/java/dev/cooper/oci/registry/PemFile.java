package dev.cooper.oci.registry;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.ContentException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A file in PEM (RFC 7468): certificates, or a private key.
 *
 * <p>What is malformed is told by a {@link ContentException} that names the file, and shows none of
 * its content.
 */
final class PemFile {
  private static final int MAX_BYTES = 4 << 20;
  private static final List<String> KEY_TYPES = List.of("RSA", "EC", "EdDSA");

  private static final Pattern BEGIN = Pattern.compile("-----BEGIN ([A-Z0-9 ]{1,64})-----");

  private final Path file;
  private final String text;

  /** One block: its label and its bytes. */
  private record Block(String label, ByteString content) {}

  private PemFile(Path file, String text) {
    this.file = file;
    this.text = text;
  }

  static PemFile read(Path file) throws IOException {
    byte[] bytes =
        SettingsFiles.read(file, MAX_BYTES)
            .orElseThrow(() -> new NoSuchFileException(file.toString()));
    return parse(file, bytes);
  }

  /** The same, of a file's bytes. */
  static PemFile parse(Path file, byte[] bytes) {
    return new PemFile(file, new String(bytes, StandardCharsets.ISO_8859_1));
  }

  /** All certificates that are there, one at least. */
  List<X509Certificate> certificates() {
    List<X509Certificate> certificates = new ArrayList<>();
    for (Block block : blocks()) {
      if (block.label().equals("CERTIFICATE")) {
        certificates.add(certificate(block.content().toBytes()));
      }
    }
    if (certificates.isEmpty()) {
      throw new ContentException(file + ": found no PEM certificate");
    }
    return certificates;
  }

  private X509Certificate certificate(byte[] content) {
    try {
      Certificate certificate =
          CertificateFactory.getInstance("X.509")
              .generateCertificate(new ByteArrayInputStream(content));
      return (X509Certificate) certificate;
    } catch (CertificateException e) {
      throw new ContentException(file + ": found a malformed certificate", e);
    }
  }

  /** The private key: PKCS#8, or the older forms that OpenSSL writes. */
  PrivateKey key() {
    for (Block block : blocks()) {
      byte[] content = block.content().toBytes();
      if (block.label().endsWith("PRIVATE KEY")) {
        return switch (block.label()) {
          case "PRIVATE KEY" -> key(content);
          case "RSA PRIVATE KEY" -> key(Der.ofRsa(content));
          case "EC PRIVATE KEY" -> key(Der.ofEc(content).orElseThrow(this::malformed));
          case "ENCRYPTED PRIVATE KEY" -> throw encrypted();
          default -> throw malformed();
        };
      }
    }
    throw new ContentException(file + ": found no PEM private key");
  }

  private PrivateKey key(byte[] pkcs8) {
    PKCS8EncodedKeySpec spec = new PKCS8EncodedKeySpec(pkcs8);
    ContentException malformed = malformed();
    for (String type : KEY_TYPES) {
      try {
        return KeyFactory.getInstance(type).generatePrivate(spec);
      } catch (GeneralSecurityException e) {
        malformed.addSuppressed(e); // of another type, or none
      }
    }
    throw malformed;
  }

  private ContentException malformed() {
    return new ContentException(
        file + ": found a private key that is malformed, or of none of the types " + KEY_TYPES);
  }

  private ContentException encrypted() {
    return new ContentException(
        file + ": found an encrypted private key, expected one without a passphrase");
  }

  private List<Block> blocks() {
    List<Block> blocks = new ArrayList<>();
    Matcher begin = BEGIN.matcher(text);
    int at = 0;
    while (begin.find(at)) {
      String label = begin.group(1);
      int end = text.indexOf("-----END " + label + "-----", begin.end());
      if (end < 0) {
        throw new ContentException(file + ": found no end of a " + label);
      }
      String body = text.substring(begin.end(), end);
      if (body.contains("Proc-Type:")) {
        throw encrypted();
      }
      blocks.add(new Block(label, ByteString.of(decode(label, body))));
      at = end;
    }
    return blocks;
  }

  private byte[] decode(String label, String body) {
    try {
      return Base64.getMimeDecoder().decode(body.strip());
    } catch (IllegalArgumentException e) {
      // Without its cause, which quotes.
      throw new ContentException(file + ": found a " + label + " that is no base64");
    }
  }
}

package dev.cooper.oci.registry;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Optional;

/**
 * As much of ASN.1's DER (X.690) as turns the older forms of private keys into PKCS#8, which is the
 * one that the JDK reads.
 */
final class Der {
  private static final int INTEGER = 0x02;
  private static final int OCTETS = 0x04;
  private static final int SEQUENCE = 0x30;

  /** {@code [0]} of an EC key: its curve. */
  private static final int CURVE = 0xa0;

  private static final byte[] VERSION_0 = {INTEGER, 1, 0};

  /** SEQUENCE { OID 1.2.840.113549.1.1.1 (rsaEncryption), NULL }. */
  private static final byte[] RSA = {
    SEQUENCE, 13, 6, 9, 0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 0x0d, 1, 1, 1, 5, 0
  };

  /** OID 1.2.840.10045.2.1 (ecPublicKey). */
  private static final byte[] EC = {6, 7, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 2, 1};

  private Der() {}

  /** PKCS#8 of an RSAPrivateKey (RFC 8017, A.1.2). */
  static byte[] ofRsa(byte[] key) {
    return element(SEQUENCE, VERSION_0, RSA, element(OCTETS, key));
  }

  /**
   * PKCS#8 of an ECPrivateKey (RFC 5915).
   *
   * @return empty if it is malformed, or does not name its curve
   */
  static Optional<byte[]> ofEc(byte[] key) {
    byte[] fields = find(SEQUENCE, key);
    byte[] curve = find(CURVE, fields);
    return curve.length == 0
        ? Optional.empty()
        : Optional.of(
            element(SEQUENCE, VERSION_0, element(SEQUENCE, EC, curve), element(OCTETS, key)));
  }

  /** The content of the first element of a kind among some; empty if there is none. */
  private static byte[] find(int tag, byte[] elements) {
    int at = 0;
    while (at + 2 <= elements.length) {
      int first = elements[at + 1] & 0xff;
      int lengthBytes = first < 0x80 ? 0 : first - 0x80;
      int start = at + 2 + lengthBytes;
      if (lengthBytes > 3 || start > elements.length) {
        return new byte[0];
      }
      int length = lengthBytes == 0 ? first : 0;
      for (int i = at + 2; i < start; i++) {
        length = length << 8 | elements[i] & 0xff;
      }
      if (length > elements.length - start) {
        return new byte[0];
      }
      if ((elements[at] & 0xff) == tag) {
        return Arrays.copyOfRange(elements, start, start + length);
      }
      at = start + length;
    }
    return new byte[0];
  }

  private static byte[] element(int tag, byte[]... parts) {
    int length = 0;
    for (byte[] each : parts) {
      length += each.length;
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(tag);
    if (length < 0x80) {
      out.write(length);
    } else {
      int bytes = (Integer.SIZE - Integer.numberOfLeadingZeros(length) + 7) / 8;
      out.write(0x80 | bytes);
      for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
        out.write(length >> shift);
      }
    }
    for (byte[] each : parts) {
      out.writeBytes(each);
    }
    return out.toByteArray();
  }
}

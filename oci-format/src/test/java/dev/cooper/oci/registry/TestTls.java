package dev.cooper.oci.registry;

import java.security.GeneralSecurityException;
import java.util.Optional;
import javax.net.ssl.SSLContext;

/** Trusts one certificate, for every registry. */
final class TestTls {
  private TestTls() {}

  static TlsProvider of(TestCertificate certificate) throws GeneralSecurityException {
    try {
      SSLContext context = certificate.context();
      return registry -> Optional.of(context);
    } catch (java.io.IOException e) {
      throw new GeneralSecurityException(e);
    }
  }
}

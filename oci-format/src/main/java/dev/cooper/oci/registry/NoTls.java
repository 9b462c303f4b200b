package dev.cooper.oci.registry;

import java.security.KeyManagementException;
import java.security.Provider;
import java.security.SecureRandom;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLContextSpi;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocketFactory;
import javax.net.ssl.SSLSessionContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * What a client of plain HTTP has in place of TLS: nothing.
 *
 * <p>The Java runtime's client wants a context even where it will never use it, and a real one
 * takes 200 ms to load, as much as all else of a small push.
 */
final class NoTls extends SSLContext {
  NoTls() {
    super(new Nothing(), new None(), "none");
  }

  /** A context has to come from some provider. */
  private static final class None extends Provider {
    private static final long serialVersionUID = 1L;

    None() {
      super("CooperNoTls", "1", "no TLS at all");
    }
  }

  /** Has parameters, and makes no connections. */
  private static final class Nothing extends SSLContextSpi {
    private static UnsupportedOperationException none() {
      return new UnsupportedOperationException("this client speaks plain HTTP alone");
    }

    @Override
    protected SSLParameters engineGetDefaultSSLParameters() {
      return new SSLParameters(new String[0], new String[0]);
    }

    @Override
    protected SSLParameters engineGetSupportedSSLParameters() {
      return new SSLParameters(new String[0], new String[0]);
    }

    @Override
    protected void engineInit(
        KeyManager @Nullable [] keys,
        TrustManager @Nullable [] trust,
        @Nullable SecureRandom random)
        throws KeyManagementException {
      throw new KeyManagementException("there is nothing to set");
    }

    @Override
    protected SSLSocketFactory engineGetSocketFactory() {
      throw none();
    }

    @Override
    protected SSLServerSocketFactory engineGetServerSocketFactory() {
      throw none();
    }

    @Override
    protected SSLEngine engineCreateSSLEngine() {
      throw none();
    }

    @Override
    protected SSLEngine engineCreateSSLEngine(String host, int port) {
      throw none();
    }

    @Override
    protected SSLSessionContext engineGetServerSessionContext() {
      throw none();
    }

    @Override
    protected SSLSessionContext engineGetClientSessionContext() {
      throw none();
    }
  }
}

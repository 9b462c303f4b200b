/** Builds container images: working containers, the store and the interface to a runtime. */
module dev.cooper {
  requires transitive dev.cooper.oci;
  requires java.net.http;
  requires static org.jspecify;

  exports dev.cooper;
  exports dev.cooper.spi;

  uses dev.cooper.spi.RuntimeProvider;
}

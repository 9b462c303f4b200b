/** Builds container images: working containers, the store and the interface to a runtime. */
module dev.cooper {
  requires transitive dev.cooper.oci;
  requires java.net.http;
  requires static org.jspecify;

  exports dev.cooper;
  exports dev.cooper.command;
  exports dev.cooper.error;
  exports dev.cooper.event;
  exports dev.cooper.image;
  exports dev.cooper.maintenance;
  exports dev.cooper.spi;
  exports dev.cooper.step;

  uses dev.cooper.spi.RuntimeProvider;
}

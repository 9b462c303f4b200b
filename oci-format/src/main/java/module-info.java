/**
 * The OCI and Docker image formats, in pure Java: content, layers, compression, layouts and
 * registries.
 */
module dev.cooper.oci {
  requires com.fasterxml.jackson.core;
  requires com.fasterxml.jackson.databind;
  requires com.fasterxml.jackson.dataformat.toml;
  requires com.github.luben.zstd_jni;
  requires java.net.http;
  requires org.apache.commons.compress;
  requires org.tukaani.xz;
  requires static org.jspecify;

  exports dev.cooper.oci;
  exports dev.cooper.oci.compress;
  exports dev.cooper.oci.layer;
  exports dev.cooper.oci.layout;
  exports dev.cooper.oci.registry;
}

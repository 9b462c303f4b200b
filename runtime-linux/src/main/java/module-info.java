/** Runs commands in Linux namespaces on overlay root filesystems. */
module dev.cooper.linux {
  requires transitive dev.cooper;
  requires dev.cooper.oci;
  requires org.jnrproject.jffi;
  requires org.jnrproject.constants;
  requires static org.jspecify;

  provides dev.cooper.spi.RuntimeProvider with
      dev.cooper.linux.LinuxRuntimeProvider;
}

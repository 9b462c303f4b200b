/** Runs commands in Linux namespaces on overlay root filesystems. */
module dev.cooper.linux {
  requires dev.cooper;
  requires org.jnrproject.jffi;
  requires org.jnrproject.constants;
  requires static org.jspecify;
}

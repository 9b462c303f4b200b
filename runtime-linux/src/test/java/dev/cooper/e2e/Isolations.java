package dev.cooper.e2e;

import dev.cooper.CooperBuilder;
import dev.cooper.command.Isolation;

/** Every isolation that runs commands, on a machine that may lack some. */
enum Isolations {
  NAMESPACES,
  CHROOT,
  RUNC;

  /** A builder with it; the test is skipped where it cannot be had. */
  CooperBuilder of(CooperBuilder builder) {
    if (this == CHROOT) {
      Tools.requireRoot("only root can change the root directory");
      return builder.isolation(Isolation.CHROOT);
    }
    if (this == NAMESPACES) {
      return builder.isolation(Isolation.NAMESPACES);
    }
    Tools.require("runc");
    return builder.isolation(Isolation.OCI).engine("runc");
  }
}

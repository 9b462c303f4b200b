package dev.cooper.linux;

import dev.cooper.command.Capability;

/**
 * What a filter depends on.
 *
 * @param abi the architecture
 * @param kernel which kernel runs
 * @param capabilities the bounding set, a bit for each
 */
record SeccompScope(Abi abi, KernelVersion kernel, long capabilities) {
  static SeccompScope here(long capabilities) {
    return new SeccompScope(Abi.CURRENT, KernelVersion.CURRENT, capabilities);
  }

  boolean has(String capability) {
    return (capabilities & Capability.parse(capability).bit()) != 0;
  }
}

package dev.cooper;

/**
 * What counts for commands that do not say otherwise.
 *
 * @param security what they may do
 * @param resources how much they may use
 * @param network which network they see
 */
record RunDefaults(Security security, Resources resources, Network network) {
  static final RunDefaults NONE =
      new RunDefaults(Security.DEFAULT, Resources.UNLIMITED, Network.HOST);
}

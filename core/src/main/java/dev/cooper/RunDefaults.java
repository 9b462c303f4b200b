package dev.cooper;

/**
 * What counts for commands that do not say otherwise.
 *
 * @param security what they may do
 * @param resources how much they may use
 */
record RunDefaults(Security security, Resources resources) {
  static final RunDefaults NONE = new RunDefaults(Security.DEFAULT, Resources.UNLIMITED);
}

package dev.cooper.container;

import dev.cooper.command.Network;
import dev.cooper.command.Resources;
import dev.cooper.command.Security;

/**
 * What counts for commands that do not say otherwise.
 *
 * @param security what they may do
 * @param resources how much they may use
 * @param network which network they see
 */
public record RunDefaults(Security security, Resources resources, Network network) {
  public static final RunDefaults NONE =
      new RunDefaults(Security.DEFAULT, Resources.UNLIMITED, Network.HOST);
}

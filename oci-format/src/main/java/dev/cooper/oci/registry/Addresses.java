package dev.cooper.oci.registry;

import java.net.InetAddress;
import java.net.UnknownHostException;

/** Looks a host's addresses up. */
@FunctionalInterface
interface Addresses {
  /** By the system's resolver, through the Java runtime's cache. */
  Addresses SYSTEM = InetAddress::getAllByName;

  InetAddress[] of(String host) throws UnknownHostException;
}

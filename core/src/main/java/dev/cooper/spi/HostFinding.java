package dev.cooper.spi;

/**
 * One thing that a runtime looked for on this host.
 *
 * @param subject what it is, such as {@code kernel} or {@code isolation namespaces}
 * @param works whether it is there, or does what it shall
 * @param text what was found; where it does not work, what to do as well
 */
public record HostFinding(String subject, boolean works, String text) {}

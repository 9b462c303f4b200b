package dev.cooper.oci.registry;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.Descriptor;

/**
 * A manifest or an index as a registry has it.
 *
 * @param descriptor its type, and the digest and size of its bytes
 * @param bytes exactly as they were received; they have been found well-formed and of that type
 */
public record RemoteManifest(Descriptor descriptor, ByteString bytes) {}

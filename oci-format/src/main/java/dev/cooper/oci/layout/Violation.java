package dev.cooper.oci.layout;

/**
 * One thing about an image that is not as the specifications want it.
 *
 * @param where the document and field, the blob, or the layer's entry
 * @param found what is there
 * @param expected what should be
 */
public record Violation(String where, String found, String expected) {
  /** One line for people. */
  @Override
  public String toString() {
    return where + ": found " + found + ", expected " + expected;
  }
}

package dev.cooper.oci.layout;

import dev.cooper.oci.Text;

/**
 * One thing about an image that is not as the specifications want it.
 *
 * @param where the document and field, the blob, or the layer's entry
 * @param found what is there
 * @param expected what should be
 */
public record Violation(String where, String found, String expected) {
  /**
   * Escapes what a stranger may have written.
   *
   * @param where the document and field, the blob, or the layer's entry
   * @param found what is there
   * @param expected what should be
   */
  public Violation {
    where = Text.line(where);
    found = Text.line(found);
    expected = Text.line(expected);
  }

  /** One line for people. */
  @Override
  public String toString() {
    return where + ": found " + found + ", expected " + expected;
  }
}

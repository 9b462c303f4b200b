package dev.cooper.image;

/** When a registry is asked for an image that the store may have. Source: buildah-from(1). */
public enum PullPolicy {
  /** When the store lacks it; the default. */
  MISSING,
  /** Always: what the name leads to there is what is used. What the store has is not read again. */
  ALWAYS,
  /**
   * Always, too; but if that fails, for whatever reason that is not the store's own, what the store
   * has is used, and a notice says so.
   */
  NEWER,
  /** Never: what the store lacks is not found. */
  NEVER
}

package dev.cooper.maintenance;

import java.util.List;

/**
 * What {@link dev.cooper.StoreMaintenance#check} or {@link dev.cooper.StoreMaintenance#repair}
 * found.
 *
 * @param findings what is not as it should be; after a repair, what still is not
 * @param repaired what was, and was mended; empty after a check
 * @param bytesRead how many bytes of blobs and layers were read
 */
public record StoreReport(
    List<StoreFinding> findings, List<StoreFinding> repaired, long bytesRead) {
  /**
   * Copies the lists.
   *
   * @param findings what is not as it should be; after a repair, what still is not
   * @param repaired what was, and was mended; empty after a check
   * @param bytesRead how many bytes of blobs and layers were read
   */
  public StoreReport {
    findings = List.copyOf(findings);
    repaired = List.copyOf(repaired);
  }

  /**
   * Whether everything is as it should be.
   *
   * @return true if nothing was found, or all of it was mended
   */
  public boolean isClean() {
    return findings.isEmpty();
  }
}

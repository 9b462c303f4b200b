package dev.cooper.linux;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.command.Security;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RlimitsTest {
  @ParameterizedTest
  @CsvSource({"512,512", "1023,1023", "1024,1024", "4096,1024", "1048576,1024"})
  void openFilesWhenTheHardLimitIsLowIsNoMoreThanThat(long hard, long soft) {
    assertThat(Rlimits.openFiles(hard)).isEqualTo(new Security.Ulimit(soft, hard));
  }

  @Test
  void openFilesWhenThereIsNoLimitIsTheUsualOne() {
    assertThat(Rlimits.openFiles(-1)).isEqualTo(new Security.Ulimit(1024, -1));
  }
}

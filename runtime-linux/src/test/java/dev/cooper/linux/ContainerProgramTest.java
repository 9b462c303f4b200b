package dev.cooper.linux;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ContainerProgramTest {
  @ParameterizedTest
  @CsvSource({
    "setgroups groups [0]: EPERM, true",
    "setgid 5: EINVAL, true",
    "setresuid 5: EINVAL, true",
    "setuid 5: EINVAL, true",
    "sethostname x: EPERM, false",
    "setsid: EPERM, false",
    "setns 3: EPERM, false",
    "setrlimit: EPERM, false",
    "mount: EPERM, false",
  })
  void changesIdsIsTrueOfUsersAndGroupsOnly(String failure, boolean expected) {
    assertThat(ContainerProgram.changesIds(failure)).isEqualTo(expected);
  }
}

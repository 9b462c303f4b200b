package dev.cooper.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.OperationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each way in which a host refuses namespaces or ids is told apart, and has its own remedy. */
final class HostLimitsTest {
  @TempDir Path settings;

  private void set(String name, String value) throws IOException {
    Path file = settings.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, value + "\n");
  }

  @ParameterizedTest
  @CsvSource({
    "user/max_user_namespaces,0,sysctl user.max_user_namespaces=10000",
    "kernel/unprivileged_userns_clone,0,sysctl kernel.unprivileged_userns_clone=1",
    "kernel/apparmor_restrict_unprivileged_userns,1,AppArmor restricts user namespaces"
  })
  void explainWhenASettingForbidsUserNamespacesNamesIt(String name, String value, String remedy)
      throws IOException {
    set("user/max_user_namespaces", "10000");
    set("kernel/unprivileged_userns_clone", "1");
    set("kernel/apparmor_restrict_unprivileged_userns", "0");
    set(name, value);
    assertThat(HostLimits.explainClone(Linux.EPERM, true, settings))
        .hasMessageContaining("does not let an ordinary user start containers")
        .hasMessageContaining("clone with new user, mount and pid namespaces: EPERM")
        .hasMessageContaining(remedy)
        .hasMessageContaining("isolation: none");
  }

  @Test
  void explainWhenNoSettingForbidsThemNamesAFilter() {
    assertThat(HostLimits.explainClone(Linux.EPERM, true, settings))
        .hasMessageContaining("seccomp filter around this JVM")
        .hasMessageContaining("--security-opt seccomp=unconfined");
  }

  @Test
  void explainWhenThereAreTooManyNamesTheirLimit() {
    assertThat(HostLimits.explainClone(Linux.ENOSPC, true, settings))
        .hasMessageContaining("sysctl user.max_user_namespaces");
    assertThat(HostLimits.explainClone(Linux.EAGAIN, true, settings))
        .hasMessageContaining("ulimit -u");
  }

  @Test
  void explainWhenRootIsRefusedNamesTheCapabilityAndChroot() {
    assertThat(HostLimits.explainClone(Linux.EPERM, false, settings))
        .hasMessageContaining("does not let root start containers")
        .hasMessageContaining("lacks CAP_SYS_ADMIN")
        .hasMessageContaining("chroot, which needs no namespaces");
  }

  @Test
  void explainWhenChrootIsRefusedNamesTheCapabilities() {
    assertThat(HostLimits.explainChroot(List.of("CAP_SETUID", "CAP_SYS_CHROOT")))
        .hasMessageContaining("it lacks CAP_SETUID, CAP_SYS_CHROOT")
        .hasMessageContaining("isolation namespaces");
  }

  @Test
  void idsWhenAFileIsMissingSaysWhatToWrite() {
    Path missing = settings.resolve("subuid");
    assertThatThrownBy(() -> IdMap.ofUser(4321, 4321, missing, missing))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("cannot read " + missing)
        .hasMessageContaining("create it with the line")
        .hasMessageContaining(":100000:65536");
  }

  @Test
  void idsWhenTheUserHasNoneSaysWhatToAdd() throws IOException {
    set("subuid", "somebody-else:100000:65536\n4321:0:0\n4321:junk\n4321:x:y");
    Path file = settings.resolve("subuid");
    assertThatThrownBy(() -> IdMap.ofUser(4321, 4321, file, file))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("no subordinate ids for user")
        .hasMessageContaining("usermod --add-subuids");
  }

  @Test
  void idsWhenNamedByNumberAreFoundToo() throws IOException {
    set("subuid", "4321:100000:65536\n4321:400000:10");
    Path file = settings.resolve("subuid");
    assertThat(IdMap.ofUser(4321, 4321, file, file).size()).isEqualTo(1 + 65536 + 10);
  }
}

package dev.cooper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.command.Seccomp;
import dev.cooper.command.Secret;
import dev.cooper.event.BuildListener;
import dev.cooper.image.CopyImageOptions;
import dev.cooper.image.PullPolicy;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.CooperException;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.registry.CredentialsProvider;
import dev.cooper.oci.registry.RegistriesConf;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A named pipe where a file is expected is refused: opening it would wait for ever. A device is
 * too, and would be read for ever.
 */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SpecialFilesTest {
  @TempDir Path directory;
  private Path pipe;
  private Cooper cooper;

  @BeforeEach
  void open() throws Exception {
    Path made = directory.resolve("made");
    assertThat(new ProcessBuilder("mkfifo", made.toString()).start().waitFor()).isZero();
    pipe = Files.createSymbolicLink(directory.resolve("pipe"), made);
    cooper =
        Cooper.builder()
            .store(directory.resolve("store"))
            .registries(RegistriesConf.EMPTY)
            .credentials(CredentialsProvider.NONE)
            .pullPolicy(PullPolicy.NEVER)
            .listener(BuildListener.NONE)
            .build();
  }

  @AfterEach
  void close() {
    cooper.close();
  }

  @Test
  void imagesAndRootsFromAPipeAreRefused() {
    Map<String, ThrowingCallable> calls = new LinkedHashMap<>();
    calls.put("from(Path)", () -> cooper.from(pipe));
    calls.put("from(String)", () -> cooper.from(pipe.toString()));
    for (String kind : new String[] {"oci", "oci-archive", "docker-archive", "rootfs"}) {
      calls.put(kind, () -> cooper.from(kind + ":" + pipe));
    }
    calls.put("load", () -> cooper.load(pipe));
    calls.put("loadAndUnpack", () -> cooper.loadAndUnpack(pipe));
    calls.put("importRoot", () -> cooper.importRoot(pipe));
    calls.put(
        "copy",
        () -> cooper.copy("oci-archive:" + pipe, "oci:" + directory, CopyImageOptions.DEFAULT));
    calls.forEach(
        (name, call) ->
            assertThatThrownBy(call)
                .as(name)
                .isInstanceOf(ContentException.class)
                .hasMessageContaining("cannot ")
                .hasMessageContaining(pipe + ": found a named pipe, expected ")
                .hasMessageEndingWith("in a regular file: copy it into one"));
  }

  @Test
  void settingsAndSecretsFromAPipeOrADeviceAreRefused() {
    for (Path file : new Path[] {pipe, Path.of("/dev/zero")}) {
      String found =
          file + ": found no regular file but " + (file == pipe ? "a named pipe" : "a device");
      assertThatThrownBy(() -> Secret.of("s", file))
          .isInstanceOf(OperationException.class)
          .hasMessageStartingWith("cannot read the secret s from " + found + ": give ");
      assertThatThrownBy(() -> Seccomp.profile(file))
          .isInstanceOf(OperationException.class)
          .hasMessage("cannot read the seccomp profile " + found);
      try (WorkingContainer c = cooper.scratch()) {
        assertThatThrownBy(() -> c.copy(directory, "/", o -> o.ignoreFile(file)))
            .isInstanceOf(CooperException.class)
            .hasMessageContaining(file + " is no regular file");
      }
    }
  }

  @Test
  void secretsOfMoreThanAMebibyteAreRefused() throws Exception {
    byte[] most = new byte[1 << 20];
    Path file = Files.write(directory.resolve("secret"), most);
    assertThat(Secret.of("s", file).content()).isEqualTo(most);
    byte[] more = new byte[most.length + 1];
    Files.write(file, more);
    assertThatThrownBy(() -> Secret.of("s", file))
        .isInstanceOf(OperationException.class)
        .hasMessageStartingWith("cannot read the secret s from " + file)
        .hasMessageContaining("found more than 1048576 bytes");
    assertThatThrownBy(() -> Secret.of("s", more))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("the secret s has 1048577 bytes, expected at most 1048576");
  }

  @Test
  void pipesThatAreCopiedAreNotOpened() {
    try (WorkingContainer c = cooper.scratch()) {
      Image image = c.copy(pipe, "/a").add(pipe, "/b").commit();
      assertThat(image).isNotNull();
    }
  }
}

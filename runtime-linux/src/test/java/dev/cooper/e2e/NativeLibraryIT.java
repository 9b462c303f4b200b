package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A temporary directory that jffi's native library cannot be loaded from. */
class NativeLibraryIT {
  @TempDir private Path temp;

  /** What a JVM says whose temporary directory is a tmpfs with these options. */
  private String said(String options, String what) throws IOException {
    Path mounted = Files.createDirectory(temp.resolve("mounted"));
    List<String> command =
        new ArrayList<>(
            List.of(
                "unshare",
                "-rm",
                "sh",
                "-c",
                "mount -t tmpfs -o \"$1\" none \"$2\" && cd \"$2\" && shift 2 && \"$@\" && ls -A \"$0\"",
                mounted.toString(),
                options,
                mounted.toString()));
    command.addAll(
        ChildJvm.command(
            List.of("-XX:-UsePerfData", "-Djava.io.tmpdir=" + mounted),
            PodMain.class,
            temp.resolve("store").toString(),
            PodMain.base(temp).toString(),
            what));
    Tools.Ended ended = Tools.attempt(Map.of(), command.toArray(new String[0]));
    assertThat(ended.status()).as(ended.output()).isZero();
    return ended.output();
  }

  /** A library that a full disk has cut off ends the JVM with SIGSEGV. */
  @Test
  void buildWhenTheTemporaryDirectoryIsFullSaysSo() throws IOException {
    assertThat(said("size=64k", "namespaces").strip())
        .startsWith("failed cannot ")
        .contains("cannot copy the native library of jffi to the temporary directory ")
        .contains(
            "No space left on device; free space there, or name another directory by"
                + " -Djava.io.tmpdir");
  }

  /** jffi tries the working directory too, and so this is a noexec one as well. */
  @Test
  void buildWhenTheTemporaryDirectoryIsNoexecSaysSo() throws IOException {
    assertThat(said("noexec", "namespaces").strip())
        .startsWith("failed cannot ")
        .contains("cannot load the native library of jffi from ")
        .contains("; if that directory is mounted noexec, name another one by -Djava.io.tmpdir");
  }

  @Test
  void probeWhenTheTemporaryDirectoryIsFullSaysSo() throws IOException {
    assertThat(said("size=64k", "probe")).contains("cannot copy the native library of jffi");
  }
}

package dev.cooper.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Root filesystems to begin from, made on the spot. */
final class Bases {
  private static final Path BUSYBOX = Path.of("/bin/busybox");
  private static byte[] busybox;

  private Bases() {}

  /** A root of busybox, with a few users, as a tar. */
  static synchronized byte[] busybox() throws IOException {
    if (busybox == null) {
      if (!Files.isExecutable(BUSYBOX)) {
        Tools.missing("the tool " + BUSYBOX + " is not installed (package busybox-static)");
      }
      byte[] program = Files.readAllBytes(BUSYBOX);
      String[] applets = Tools.run(BUSYBOX.toString(), "--list").split("\n");
      busybox = Tars.of(tar -> fill(tar, program, applets));
    }
    return busybox;
  }

  private static void fill(dev.cooper.oci.layer.TarWriter tar, byte[] program, String[] applets)
      throws IOException {
    Tars.directory(tar, "bin", 0755);
    Tars.file(tar, "bin/busybox", 0755, program);
    for (String applet : applets) {
      if (!applet.equals("busybox")) {
        Tars.link(tar, "bin/" + applet, "busybox");
      }
    }
    Tars.directory(tar, "etc", 0755);
    Tars.file(
        tar,
        "etc/passwd",
        0644,
        "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/sh\n"
            + "2000:x:0:0:a name of digits:/root:/bin/sh\n");
    Tars.file(tar, "etc/group", 0644, "root:x:0:\napp:x:1001:\nmore:x:1002:app\nsix:x:6:app\n");
    Tars.directory(tar, "home", 0755);
    Tars.directory(tar, "root", 0700);
    Tars.directory(tar, "srv", 0755);
    Tars.directory(tar, "srv/real", 0750);
    Tars.file(tar, "srv/real/old", 0600, "old\n");
    Tars.link(tar, "srv/linked", "real");
    Tars.link(tar, "srv/absolute", "/srv/real");
    Tars.link(tar, "srv/up", "../../../../srv/real");
    Tars.file(tar, "srv/file", 0644, "file\n");
    Tars.directory(tar, "tmp", 01777);
  }
}

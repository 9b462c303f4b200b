package dev.cooper.e2e;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** File systems that stores are tried on, mounted by root. */
final class FileSystems {
  private FileSystems() {}

  /**
   * Mounts one, with what it needs beside it.
   *
   * @param make what makes it in an image; null where it needs none
   */
  static void mount(String kind, String make, Path at) throws IOException {
    Path beside = at.getParent();
    if (kind.equals("tmpfs")) {
      Tools.run("mount", "-t", "tmpfs", "none", at.toString());
    } else if (kind.equals("overlay")) {
      for (String each : List.of("lower", "upper", "work")) {
        Files.createDirectory(beside.resolve(each));
      }
      String options =
          String.format(
              Locale.ROOT, "lowerdir=%1$s/lower,upperdir=%1$s/upper,workdir=%1$s/work", beside);
      Tools.run("mount", "-t", "overlay", "overlay", "-o", options, at.toString());
    } else {
      List<String> command = new ArrayList<>(List.of(make.split(" ")));
      Tools.require(command.get(0));
      Path image = beside.resolve(kind + ".img");
      try (var file = new RandomAccessFile(image.toFile(), "rw")) {
        file.setLength(400L << 20);
      }
      command.add(image.toString());
      Tools.run(command.toArray(new String[0]));
      Tools.run("mount", "-o", "loop", image.toString(), at.toString());
    }
  }
}

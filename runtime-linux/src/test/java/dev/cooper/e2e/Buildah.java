package dev.cooper.e2e;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A buildah with storage of its own; closing it removes its containers and its storage. */
final class Buildah implements AutoCloseable {
  private final List<String> command;
  private final List<String> containers = new ArrayList<>();
  private final Path directory;

  Buildah(Path directory) {
    this.directory = directory;
    command =
        List.of(
            "buildah",
            "--root",
            directory.resolve("root").toString(),
            "--runroot",
            directory.resolve("run").toString(),
            "--storage-driver",
            "vfs");
  }

  String run(String... arguments) {
    List<String> all = new ArrayList<>(command);
    all.addAll(List.of(arguments));
    return Tools.run(all.toArray(new String[0])).strip();
  }

  /** Begins a container; its name. */
  String from(String image) {
    String name = "c" + containers.size();
    run("from", "--name", name, image);
    containers.add(name);
    return name;
  }

  @Override
  public void close() {
    run("rm", "--all");
    run("rmi", "--all", "--force");
    if (Tools.isRoot()) {
      Tools.run("rm", "-rf", directory.toString());
    } else {
      Tools.run("buildah", "unshare", "rm", "-rf", directory.toString());
    }
  }
}

package dev.cooper.e2e;

import dev.cooper.Cooper;
import dev.cooper.oci.layout.DurableFiles;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Builds as the child JVMs of the tests do, so that an archive of its classes ({@code
 * -XX:ArchiveClassesAtExit}) serves them all.
 */
final class ClassArchive {
  private ClassArchive() {}

  public static void main(String[] arguments) throws Exception {
    Path temp = Files.createTempDirectory("cooper-archive-").toRealPath();
    try {
      Path store = temp.resolve("store");
      PodMain.main(new String[] {store.toString(), PodMain.base(temp).toString(), "namespaces"});
      Path layout = FaultScenario.layout(temp);
      try (Cooper cooper = FaultScenario.builder(store).build()) {
        FaultScenario.build(cooper, layout, temp.resolve("saved.tar"), FaultScenario.Kind.ONCE);
        cooper.maintenance().check();
        cooper.images().forEach(image -> image.remove());
      }
    } finally {
      DurableFiles.deleteTree(temp);
    }
  }
}

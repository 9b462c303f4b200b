package dev.cooper.e2e;

import dev.cooper.Cooper;
import dev.cooper.CooperBuilder;
import dev.cooper.HostReport;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.command.Command;
import dev.cooper.command.Ids;
import dev.cooper.command.Isolation;
import dev.cooper.event.BuildEvent;
import dev.cooper.image.PullPolicy;
import dev.cooper.oci.CooperException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Builds with a single id or with mapped ones, as a program: IDS DIRECTORY OWN, in whose first lie
 * {@code base.tar} and {@code copied}, and in whose other what is written. Prints what the images
 * are and what went wrong.
 */
final class SingleIdMain {
  private SingleIdMain() {}

  public static void main(String[] arguments) throws IOException {
    build(Ids.valueOf(arguments[0]), Path.of(arguments[1]), Path.of(arguments[2]));
  }

  /**
   * Prints a line each.
   *
   * @param directory what is read
   * @param own where the store, and what is written, lie
   */
  static void build(Ids ids, Path directory, Path own) throws IOException {
    Path store = own.resolve("store-" + ids);
    try (Cooper cooper = builder(ids, store).build()) {
      Image base = cooper.importRoot(directory.resolve("base.tar")).tag("base:1");
      System.out.println("base " + base.id());
      Image image = image(cooper, directory.resolve("copied"));
      System.out.println("image " + image.id());
      image.save(own.resolve("saved-" + ids));
      if (ids == Ids.MAPPED) {
        cooper.images().forEach(Image::remove); // only with these ids can it be removed
        return;
      }
      refused(cooper);
      probe(store);
    } catch (CooperException e) {
      System.out.println("failed " + e.getMessage());
      return;
    }
    try (Cooper cooper = builder(Ids.MAPPED, store).build()) {
      System.out.println("opened as mapped " + cooper.images());
    } catch (CooperException e) {
      System.out.println("reopened " + e.getMessage());
    }
  }

  private static CooperBuilder builder(Ids ids, Path store) {
    return Cooper.builder()
        .store(store)
        .ids(ids)
        .pullPolicy(PullPolicy.NEVER)
        .sourceDate(PodMain.MADE)
        .listener(
            event -> {
              if (event instanceof BuildEvent.Notice notice) {
                System.out.println("notice " + notice.message());
              }
            });
  }

  private static Image image(Cooper cooper, Path copied) {
    try (WorkingContainer c = cooper.from("base:1")) {
      c.name("kept").layerPerStep().run("echo more >> /app/data; chmod 4755 /app/tool");
    }
    try (WorkingContainer c = cooper.container("kept")) {
      c.run("touch /app/new; mkdir /own; ln /app/data /app/again; mv /app/dir/in /app/moved")
          .copy(copied, "/app/copied", it -> it.owner("1000:1001"))
          .copy(copied, "/app/sub")
          .run(
              "echo x >> /app/copied/file; rm /app/gone; id -u > /own/id; id -G | cut -c1 >> /own/id");
      Image image = c.commit("built:1");
      c.remove();
      return image;
    }
  }

  /** What the doctor says of a build with a single id. */
  private static void probe(Path store) {
    HostReport report = Cooper.builder().store(store).ids(Ids.SINGLE).probe();
    for (String subject : List.of("subordinate ids", "overlay", "network none")) {
      System.out.println("probe " + subject + " " + report.works(subject));
    }
    System.out.println("probe namespaces " + report.works(Isolation.NAMESPACES));
  }

  private static void refused(Cooper cooper) {
    try (WorkingContainer c = cooper.from("base:1")) {
      System.out.println("chown " + c.exec("chown", "5:6", "/app/data").err().strip());
      try {
        c.run(Command.shell("true").user("app"));
        System.out.println("ran as app");
      } catch (CooperException e) {
        System.out.println("user " + e.getMessage());
      }
    }
  }
}

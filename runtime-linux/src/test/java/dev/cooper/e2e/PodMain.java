package dev.cooper.e2e;

import dev.cooper.Cooper;
import dev.cooper.CooperBuilder;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.command.Command;
import dev.cooper.command.Isolation;
import dev.cooper.event.BuildEvent;
import dev.cooper.image.PullPolicy;
import dev.cooper.oci.CooperException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Locale;

/**
 * The recipe that has to give the same image everywhere, as a program: STORE BASE ISOLATION. Prints
 * the image's digest, or what went wrong; for an isolation {@code probe}, what the host can do.
 */
final class PodMain {
  static final Instant MADE = Instant.ofEpochSecond(1_500_000_000L);

  private PodMain() {}

  public static void main(String[] arguments) {
    if (arguments[2].equals("probe")) {
      System.out.println(Cooper.builder().store(Path.of(arguments[0])).probe());
      return;
    }
    Isolation isolation = Isolation.valueOf(arguments[2].toUpperCase(Locale.ROOT));
    CooperBuilder builder =
        Cooper.builder()
            .store(Path.of(arguments[0]))
            .pullPolicy(PullPolicy.NEVER)
            .sourceDate(MADE)
            .listener(PodMain::print)
            .isolation(isolation);
    try (Cooper cooper = builder.build()) {
      System.out.println("image " + image(cooper, Path.of(arguments[1]), isolation).id());
    } catch (CooperException e) {
      System.out.println("failed " + e.getMessage());
    }
  }

  private static void print(BuildEvent event) {
    if (event instanceof BuildEvent.Notice notice) {
      System.out.println("notice " + notice.message());
    }
  }

  /** Every kind of change, in several layers. */
  static Image image(Cooper cooper, Path base, Isolation isolation) {
    try (WorkingContainer c = cooper.from(cooper.importRoot(base))) {
      c.layerPerStep().write("/etc/motd", "hello\n").env("LANG", "C.UTF-8").workdir("/srv/work");
      if (isolation != Isolation.NONE) {
        c.run("cp -r /srv/real /srv/copied && mv /srv/real /srv/moved && rm /srv/file")
            .run(
                "chmod 700 /home; touch -d '2001-02-03 04:05:06' /etc/passwd; ln /bin/busybox /bin/again")
            .run(
                "rm -r /srv/moved && mkdir /srv/moved && echo new > /srv/moved/new; rm -r /tmp; echo t > /tmp")
            .run(
                "echo more >> /etc/motd; mkfifo /srv/fifo; ln -s nowhere /srv/link; chown 5:6 /srv/copied/old")
            .run(Command.shell("id -u; test -c /dev/null || ! test -e /dev/null").user("app"));
      }
      return c.commit();
    }
  }

  /** The base's tar, written where a container sees it. */
  static Path base(Path directory) throws java.io.IOException {
    return Files.write(directory.resolve("base.tar"), Bases.busybox());
  }
}

package dev.cooper.transfer;

import dev.cooper.event.BuildEvent.Work;
import dev.cooper.io.BoundedInputStream;
import dev.cooper.io.Io;
import dev.cooper.oci.ContentException;
import dev.cooper.oci.ImageLimits;
import dev.cooper.oci.Json;
import dev.cooper.oci.OperationException;
import dev.cooper.progress.Progress;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A Docker daemon's socket, for the two calls that carry images. Spoken is HTTP/1.0, whose bodies
 * end with the connection, whichever way: a daemon that stalls, or an interrupt, ends it too.
 * Source: Docker Engine API, "Import images" and "Export an image".
 */
final class DockerDaemon {
  private static final String DEFAULT = "unix:///var/run/docker.sock";
  private static final int MAX_LINE = 64 << 10;
  private static final int MAX_ANSWER = 1 << 20;

  private final Path socket;
  private final Progress progress;
  private final Patience patience;

  /**
   * How long a daemon is waited for.
   *
   * @param stall for an answer to a ping, and while an image moves
   * @param work for the answer once it has an image to store or to put together, which takes it
   *     minutes where that is large
   */
  record Patience(Duration stall, Duration work) {
    static final Patience STANDARD = new Patience(Duration.ofSeconds(60), Duration.ofMinutes(10));
  }

  private DockerDaemon(Path socket, Progress progress, Patience patience) {
    this.socket = socket;
    this.progress = progress;
    this.patience = patience;
  }

  /** The one that {@code $DOCKER_HOST} names, else the system's. */
  static DockerDaemon of(@Nullable String host, Progress progress) {
    return of(host, progress, Patience.STANDARD);
  }

  static DockerDaemon of(@Nullable String host, Progress progress, Patience patience) {
    String address = host == null || host.isEmpty() ? DEFAULT : host;
    if (!address.startsWith("unix://")) {
      throw new OperationException(
          "DOCKER_HOST is "
              + address
              + ", and only a socket is supported: set it to unix:///path/to/docker.sock, or copy by an archive");
    }
    return new DockerDaemon(Path.of(address.substring("unix://".length())), progress, patience);
  }

  /** As {@code docker load} does. */
  void load(Path archive) throws IOException {
    long size = Files.size(archive);
    try (Progress.Piece work = progress.begin(Work.Kind.SEND, "an image to " + socket, size);
        DaemonConnection connection = connect()) {
      OutputStream out = connection.out();
      InputStream in = new BufferedInputStream(connection.in());
      connection.flowing(patience.stall());
      request(
          out,
          "POST /images/load?quiet=1 HTTP/1.0\r\nContent-Type: application/x-tar\r\nContent-Length: "
              + size);
      try (InputStream file = work.counted(Files.newInputStream(archive))) {
        file.transferTo(out);
      }
      connection.within(patience.work());
      int status = head(in);
      byte[] answer = in.readNBytes(MAX_ANSWER);
      requireSuccess(status, answer, "load an image");
      for (String line : new String(answer, StandardCharsets.UTF_8).lines().toList()) {
        String error = line.isBlank() ? null : field(line, "error");
        if (error != null) {
          throw new OperationException(
              "the Docker daemon at " + socket + " refused the image: " + error);
        }
      }
      work.succeed();
    }
  }

  /** As {@code docker save} does, into a new file. */
  void save(String reference, Path archive, ImageLimits limits) throws IOException {
    try (Progress.Piece work = progress.begin(Work.Kind.RECEIVE, reference + " from " + socket, 0);
        DaemonConnection connection = connect()) {
      InputStream in = new BufferedInputStream(connection.in(), 1 << 17);
      connection.within(patience.work());
      String name = URLEncoder.encode(reference, StandardCharsets.UTF_8).replace("%2F", "/");
      request(connection.out(), "GET /images/" + name + "/get HTTP/1.0");
      int status = head(in);
      connection.flowing(patience.stall());
      if (status != 200) {
        requireSuccess(status, in.readNBytes(MAX_ANSWER), "give the image " + reference);
      }
      String what = "the image " + reference + " of the Docker daemon";
      InputStream counted = work.counted(in);
      Files.copy(new BoundedInputStream(counted, what, "imageBytes", limits.imageBytes()), archive);
      work.succeed();
    }
  }

  /** Connects, once the daemon has answered to a ping: most that is asked of it takes longer. */
  private DaemonConnection connect() throws IOException {
    try (DaemonConnection ping = reached()) {
      ping.within(patience.stall());
      request(ping.out(), "GET /_ping HTTP/1.0");
      head(new BufferedInputStream(ping.in()));
    }
    return reached();
  }

  private DaemonConnection reached() {
    try {
      return DaemonConnection.open(socket);
    } catch (IOException e) {
      throw new OperationException(
          "cannot reach a Docker daemon at "
              + socket
              + ": "
              + Io.reason(e)
              + ": start it, join its group, or set DOCKER_HOST",
          e);
    }
  }

  private static void request(OutputStream out, String head) throws IOException {
    out.write((head + "\r\nHost: docker\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
  }

  /** Reads the status line and passes over the headers. */
  private int head(InputStream in) throws IOException {
    String status = line(in);
    String[] words = status.split(" ", 3);
    if (words.length < 2 || !words[0].startsWith("HTTP/1.") || !words[1].matches("[1-5][0-9]{2}")) {
      throw new ContentException(socket + " does not speak as a Docker daemon does: " + status);
    }
    for (String line = line(in); !line.isEmpty(); line = line(in)) {
      if (line.toLowerCase(Locale.ROOT).startsWith("transfer-encoding:")) {
        throw new ContentException(socket + " answered HTTP/1.0 in chunks");
      }
    }
    return Integer.parseInt(words[1]);
  }

  private static String line(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int b = in.read(); b != '\n'; b = in.read()) {
      if (b < 0 || line.size() == MAX_LINE) {
        throw new EOFException("the Docker daemon's answer ends within a header");
      }
      line.write(b);
    }
    return line.toString(StandardCharsets.ISO_8859_1).stripTrailing();
  }

  private void requireSuccess(int status, byte[] answer, String what) {
    if (status != 200) {
      String text = new String(answer, StandardCharsets.UTF_8).strip();
      String message = field(text, "message");
      throw new OperationException(
          "the Docker daemon at "
              + socket
              + " did not "
              + what
              + ": status "
              + status
              + ": "
              + (message == null ? text : message));
    }
  }

  private static @Nullable String field(String json, String name) {
    try {
      return Json.parse(json.getBytes(StandardCharsets.UTF_8), "the daemon's answer")
          .optionalString(name);
    } catch (ContentException noJson) {
      return json;
    }
  }
}

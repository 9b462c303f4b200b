package dev.cooper.oci.registry;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Pattern;

/**
 * Stands before a registry and does what networks do: each fault waits for a request that it fits,
 * happens once, and then all goes on as if nothing had been.
 *
 * <pre>
 *   client ── FaultProxy ── registry
 *               └ faults: "GET /v2/.*&#47;blobs/.*" → reset after 100 bytes
 * </pre>
 */
final class FaultProxy implements AutoCloseable {
  private final ServerSocket server;
  private final int upstream;
  private final List<Fault> faults = new CopyOnWriteArrayList<>();
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private final CountDownLatch closing = new CountDownLatch(1);

  /** Each request's first line without the version, and its Range. */
  final List<String> requests = new CopyOnWriteArrayList<>();

  /** What happens instead of, or while, a request is passed on. */
  private record Fault(Pattern request, Kind kind, long at, String text) {}

  private enum Kind {
    ANSWER,
    RESET_RESPONSE,
    STALL_RESPONSE,
    RESET_REQUEST,
    LOSE_ANSWER,
    OTHER_RANGE,
    OTHER_HEADER
  }

  private FaultProxy(ServerSocket server, int upstream) {
    this.server = server;
    this.upstream = upstream;
  }

  static FaultProxy before(TestRegistry registry) throws IOException {
    ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    FaultProxy proxy = new FaultProxy(server, registry.port());
    proxy.thread(proxy::accept);
    return proxy;
  }

  String address() {
    return "127.0.0.1:" + server.getLocalPort();
  }

  /** Answers by itself, such as {@code 429 Too Many Requests} and a header. */
  void answer(String request, String status, String... headers) {
    String head = "HTTP/1.1 " + status + "\r\n" + String.join("", lines(headers));
    add(request, Kind.ANSWER, 0, head + "Content-Length: 0\r\nConnection: close\r\n\r\n");
  }

  private static List<String> lines(String... headers) {
    List<String> lines = new ArrayList<>();
    for (String each : headers) {
      lines.add(each + "\r\n");
    }
    return lines;
  }

  /** Resets the connection after so many bytes of the answer's body. */
  void resetResponse(String request, long at) {
    add(request, Kind.RESET_RESPONSE, at, "");
  }

  /** Gives nothing any more after so many bytes of the answer's body. */
  void stallResponse(String request, long at) {
    add(request, Kind.STALL_RESPONSE, at, "");
  }

  /** Resets the connection after so many bytes of the request's body. */
  void resetRequest(String request, long at) {
    add(request, Kind.RESET_REQUEST, at, "");
  }

  /** Passes the request on, and resets the connection instead of an answer. */
  void loseAnswer(String request) {
    add(request, Kind.LOSE_ANSWER, 0, "");
  }

  /** Asks for another range than the client does. */
  void otherRange(String request, String range) {
    add(request, Kind.OTHER_RANGE, 0, range);
  }

  /** Passes the request on without its range. */
  void ignoreRange(String request) {
    add(request, Kind.OTHER_RANGE, 0, "");
  }

  /** Puts another value into a header of the answer, given as {@code Name: value}. */
  void otherHeader(String request, String header) {
    add(request, Kind.OTHER_HEADER, 0, header);
  }

  private void add(String request, Kind kind, long at, String text) {
    faults.add(new Fault(Pattern.compile(request), kind, at, text));
  }

  /** Those that did not happen yet. */
  int waiting() {
    return faults.size();
  }

  private void thread(Runnable work) {
    Thread thread = new Thread(work, "fault-proxy");
    thread.setDaemon(true);
    thread.start();
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket socket = server.accept();
        sockets.add(socket);
        thread(() -> serve(socket));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private void serve(Socket client) {
    try (Socket socket = client) {
      InputStream in = new BufferedInputStream(socket.getInputStream());
      String head = head(in);
      if (!head.isEmpty()) {
        String line = head.substring(0, head.lastIndexOf(' ', head.indexOf('\r')));
        String range = header(head, "range");
        requests.add(range.isEmpty() ? line : line + " " + range);
        pass(socket, in, head, fault(line));
      }
    } catch (IOException e) {
      // The client or the registry went away: that is what this is for.
    } finally {
      sockets.remove(client);
    }
  }

  private synchronized Fault fault(String line) {
    for (Fault each : faults) {
      if (each.request.matcher(line).matches()) {
        faults.remove(each);
        return each;
      }
    }
    return new Fault(Pattern.compile(""), Kind.ANSWER, 0, "");
  }

  private void pass(Socket client, InputStream in, String head, Fault fault) throws IOException {
    long length = length(head);
    if (fault.kind == Kind.ANSWER && !fault.text.isEmpty()) {
      in.skipNBytes(length);
      client.getOutputStream().write(fault.text.getBytes(StandardCharsets.US_ASCII));
      return;
    }
    if (fault.kind == Kind.RESET_REQUEST) {
      in.skipNBytes(fault.at);
      reset(client);
      return;
    }
    String asked =
        fault.kind == Kind.OTHER_RANGE
            ? replaced(head, fault.text.isEmpty() ? "Range:" : "Range: " + fault.text)
            : head;
    try (Socket registry = new Socket(InetAddress.getLoopbackAddress(), upstream)) {
      sockets.add(registry);
      OutputStream out = registry.getOutputStream();
      out.write(replaced(asked, "Connection: close").getBytes(StandardCharsets.ISO_8859_1));
      copy(in, out, length);
      InputStream answer = new BufferedInputStream(registry.getInputStream());
      String answerHead = head(answer);
      if (fault.kind == Kind.LOSE_ANSWER) {
        reset(client);
        return;
      }
      if (fault.kind == Kind.OTHER_HEADER) {
        answerHead = replaced(answerHead, fault.text);
      }
      answer(client, replaced(answerHead, "Connection: close"), answer, fault);
      sockets.remove(registry);
    }
  }

  private void answer(Socket client, String head, InputStream body, Fault fault)
      throws IOException {
    OutputStream out = client.getOutputStream();
    out.write(head.getBytes(StandardCharsets.ISO_8859_1));
    if (fault.kind == Kind.RESET_RESPONSE || fault.kind == Kind.STALL_RESPONSE) {
      copy(body, out, fault.at);
      out.flush();
      if (fault.kind == Kind.RESET_RESPONSE) {
        // What was sent has to be there before the reset, which discards what is on its way.
        client.shutdownOutput();
        return;
      }
      awaitClosing();
      return;
    }
    body.transferTo(out);
  }

  private void awaitClosing() throws IOException {
    try {
      closing.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }

  private static void reset(Socket socket) throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  private static void copy(InputStream in, OutputStream out, long length) throws IOException {
    byte[] buffer = new byte[64 * 1024];
    long left = length;
    while (left > 0) {
      int n = in.read(buffer, 0, (int) Math.min(left, buffer.length));
      if (n < 0) {
        throw new IOException("too short");
      }
      out.write(buffer, 0, n);
      left -= n;
    }
    out.flush();
  }

  private static String head(InputStream in) throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    while (!head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
      int b = in.read();
      if (b < 0) {
        return "";
      }
      head.write(b);
    }
    return head.toString(StandardCharsets.ISO_8859_1);
  }

  private static String header(String head, String name) {
    for (String line : head.split("\r\n")) {
      if (line.toLowerCase(Locale.ROOT).startsWith(name + ":")) {
        return line.substring(name.length() + 1).strip();
      }
    }
    return "";
  }

  private static long length(String head) {
    String length = header(head, "content-length");
    return length.isEmpty() ? 0 : Long.parseLong(length);
  }

  private static String replaced(String head, String header) {
    String name = header.substring(0, header.indexOf(':'));
    String without =
        Pattern.compile("(?im)^" + Pattern.quote(name) + ":.*\r\n").matcher(head).replaceAll("");
    boolean removed = header.endsWith(":");
    return removed ? without : without.substring(0, without.length() - 2) + header + "\r\n\r\n";
  }

  @Override
  public void close() throws IOException {
    closing.countDown();
    server.close();
    for (Closeable each : sockets) {
      each.close();
    }
  }
}

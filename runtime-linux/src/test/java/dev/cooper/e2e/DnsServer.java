package dev.cooper.e2e;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A name server that knows one name. Source: RFC 1035, section 4. */
final class DnsServer implements AutoCloseable {
  static final int PORT = 53;
  private static final int HEADER = 12;
  private static final int ANSWERED = 0x8180;
  private static final int NO_SUCH_NAME = 0x8183;
  private static final int TYPE_A = 1;

  private final DatagramSocket socket;
  private final String name;
  private final InetAddress address;

  /** The names that it was asked for. */
  final List<String> asked = new CopyOnWriteArrayList<>();

  /** Listens at an address and says of a name that it has another. */
  DnsServer(InetAddress at, String name, InetAddress address) throws IOException {
    this.socket = new DatagramSocket(PORT, at);
    this.name = name;
    this.address = address;
    Thread thread = new Thread(this::serve, "name server");
    thread.setDaemon(true);
    thread.start();
  }

  private void serve() {
    try {
      while (!socket.isClosed()) {
        DatagramPacket packet = new DatagramPacket(new byte[512], 512);
        socket.receive(packet);
        packet.setData(answer(Arrays.copyOf(packet.getData(), packet.getLength())));
        socket.send(packet);
      }
    } catch (IOException e) {
      socket.close(); // by who made it, or what asks for it is not answered
    }
  }

  private byte[] answer(byte[] query) throws IOException {
    ByteBuffer in = ByteBuffer.wrap(query).position(HEADER);
    StringBuilder labels = new StringBuilder();
    for (int length = in.get(); length > 0; length = in.get()) {
      byte[] label = new byte[length];
      in.get(label);
      labels.append('.').append(new String(label, StandardCharsets.US_ASCII));
    }
    short type = in.getShort();
    int end = in.position() + 2;
    String wanted = labels.substring(1);
    asked.add(wanted);
    boolean known = wanted.equals(name);
    boolean found = known && type == TYPE_A;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeShort(in.getShort(0));
    out.writeShort(known ? ANSWERED : NO_SUCH_NAME);
    out.writeShort(1);
    out.writeShort(found ? 1 : 0);
    out.writeInt(0);
    out.write(query, HEADER, end - HEADER);
    if (found) {
      out.writeShort(0xc000 + HEADER); // the name as it was asked for
      out.writeShort(TYPE_A);
      out.writeShort(1);
      out.writeInt(0); // seconds that it may be kept
      out.writeShort(address.getAddress().length);
      out.write(address.getAddress());
    }
    return bytes.toByteArray();
  }

  @Override
  public void close() {
    socket.close();
  }
}

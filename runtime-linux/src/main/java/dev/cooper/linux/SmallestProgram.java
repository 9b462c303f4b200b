package dev.cooper.linux;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A static executable (elf(5)) that ends at once with status 0, for a root that has no other. */
final class SmallestProgram {
  private static final int HEADER = 64;
  private static final int SEGMENT = 56;
  private static final long BASE = 0x400000;
  private static final int READ_EXECUTE = 5;
  private static final long PAGE = 0x10000; // the largest of either machine

  private SmallestProgram() {}

  static byte[] of(Abi abi) {
    byte[] code = exit(abi);
    int size = HEADER + SEGMENT + code.length;
    ByteBuffer file = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    file.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1}).position(16);
    file.putShort((short) 2).putShort((short) (abi == Abi.X86_64 ? 62 : 183)).putInt(1);
    file.putLong(BASE + HEADER + SEGMENT).putLong(HEADER).putLong(0).putInt(0);
    file.putShort((short) HEADER).putShort((short) SEGMENT).putShort((short) 1).position(HEADER);
    file.putInt(1).putInt(READ_EXECUTE).putLong(0).putLong(BASE).putLong(BASE);
    file.putLong(size).putLong(size).putLong(PAGE);
    return file.put(code).array();
  }

  /** exit(0), in machine code. */
  private static byte[] exit(Abi abi) {
    ByteBuffer code = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
    if (abi == Abi.X86_64) {
      // mov $60, %eax; xor %edi, %edi; syscall
      return code.put((byte) 0xb8)
          .putInt(60)
          .putShort((short) 0xff31)
          .putShort((short) 0x050f)
          .array();
    }
    // mov x8, #93; mov x0, #0; svc #0
    return code.putInt(0xd2800ba8).putInt(0xd2800000).putInt(0xd4000001).array();
  }
}

package dev.cooper.linux;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Runs a filter as the kernel would, on any architecture, and says what conditions mean. */
final class BpfMachine {
  private BpfMachine() {}

  /** What a filter returns for a call. */
  static int run(byte[] filter, int architecture, int number, long... arguments) {
    ByteBuffer data = ByteBuffer.allocate(64).order(ByteOrder.nativeOrder());
    data.putInt(number).putInt(architecture).putLong(0);
    for (long argument : arguments) {
      data.putLong(argument);
    }
    ByteBuffer program = ByteBuffer.wrap(filter).order(ByteOrder.nativeOrder());
    int accumulator = 0;
    int at = 0;
    while (true) {
      int code = program.getShort(8 * at);
      int then = program.get(8 * at + 2) & 0xff;
      int otherwise = program.get(8 * at + 3) & 0xff;
      int constant = program.getInt(8 * at + 4);
      at++;
      switch (code) {
        case 0x20 -> accumulator = data.getInt(constant);
        case 0x54 -> accumulator &= constant;
        case 0x05 -> at += constant;
        case 0x15 -> at += accumulator == constant ? then : otherwise;
        case 0x25 -> at += Integer.compareUnsigned(accumulator, constant) > 0 ? then : otherwise;
        case 0x35 -> at += Integer.compareUnsigned(accumulator, constant) >= 0 ? then : otherwise;
        case 0x06 -> {
          return constant;
        }
        default -> throw new IllegalStateException("instruction " + code);
      }
    }
  }

  static boolean holds(SeccompRule.Condition condition, long argument) {
    int compared = Long.compareUnsigned(argument, condition.value());
    return switch (condition.comparison()) {
      case NE -> compared != 0;
      case LT -> compared < 0;
      case LE -> compared <= 0;
      case EQ -> compared == 0;
      case GE -> compared >= 0;
      case GT -> compared > 0;
      case MASKED_EQ -> (argument & condition.mask()) == condition.value();
    };
  }
}

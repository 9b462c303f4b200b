package dev.cooper.oci.compress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.ZstdOutputStreamNoFinalizer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Memory of all decoders together. */
class DecoderMemoryTest {
  private static final long MIB = 1 << 20;

  private static byte[] zstd(int windowLog, int length) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (ZstdOutputStreamNoFinalizer zstd = new ZstdOutputStreamNoFinalizer(out, 1)) {
      zstd.setLong(windowLog);
      zstd.write(new byte[length]);
    }
    return out.toByteArray();
  }

  @ParameterizedTest
  @ValueSource(ints = {10, 17, 23, 24, 27})
  void windowIsReadFromTheFirstFrame(int log) throws IOException {
    byte[] packed = zstd(log, 100_000);
    assertThat(ZstdWindow.of(packed, packed.length, 128 * MIB)).isEqualTo(1L << log);
    assertThat(ZstdWindow.log(1L << log)).isEqualTo(log);
    assertThat(ZstdWindow.log((1L << log) + 1)).isEqualTo(log + 1);
  }

  @Test
  void windowOfASingleSegmentIsItsContent() throws IOException {
    for (int length : new int[] {10, 300, 70_000, 20_000_000}) {
      byte[] packed = com.github.luben.zstd.Zstd.compress(new byte[length], 1);
      assertThat(ZstdWindow.of(packed, packed.length, 128 * MIB))
          .as("%d", length)
          .isLessThanOrEqualTo(Math.max(length, 1 << 20))
          .isPositive();
      assertThat(Decompression.open(new ByteArrayInputStream(packed)).readAllBytes())
          .hasSize(length);
    }
  }

  @Test
  void streamTakesItsWindowUntilItIsClosed() throws IOException {
    long before = DecoderMemory.NATIVE.taken();
    byte[] packed = zstd(26, 1000);
    try (InputStream in = Compression.ZSTD.decompress(new ByteArrayInputStream(packed))) {
      assertThat(DecoderMemory.NATIVE.taken()).isEqualTo(before + 64 * MIB);
      assertThat(in.readAllBytes()).hasSize(1000);
    }
    assertThat(DecoderMemory.NATIVE.taken()).isEqualTo(before);
  }

  @Test
  void streamWithALargeWindowWaitsForOthersAndGivesUpAfterAWhile() throws Exception {
    DecoderMemory memory = new DecoderMemory(100 * MIB, 0);
    memory.take(80 * MIB);
    memory.take(8 * MIB);
    memory.take(8 * MIB);
    memory.take(8 * MIB); // what takes little never waits
    assertThatThrownBy(() -> memory.take(20 * MIB))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("other streams that are being unpacked hold");
    DecoderMemory patient = new DecoderMemory(100 * MIB, 600);
    patient.take(80 * MIB);
    CountDownLatch taken = new CountDownLatch(1);
    Thread waiter =
        new Thread(
            () -> {
              try {
                patient.take(50 * MIB);
                taken.countDown();
              } catch (IOException e) {
                throw new IllegalStateException(e);
              }
            });
    waiter.start();
    patient.give(80 * MIB);
    taken.await();
    waiter.join();
    assertThat(patient.taken()).isEqualTo(50 * MIB);
  }

  @Test
  void streamThatAloneWantsMoreThanThereIsGetsIt() throws IOException {
    DecoderMemory memory = new DecoderMemory(10 * MIB, 0);
    memory.take(128 * MIB);
    assertThat(memory.taken()).isEqualTo(128 * MIB);
  }

  @Test
  void memoryIsGivenBackWhereAStreamCannotBeOpened() {
    DecoderMemory memory = new DecoderMemory(10 * MIB, 0);
    assertThatThrownBy(
            () ->
                memory.stream(
                    5,
                    () -> {
                      throw new IOException("bad");
                    }))
        .hasMessage("bad");
    assertThat(memory.taken()).isZero();
  }
}

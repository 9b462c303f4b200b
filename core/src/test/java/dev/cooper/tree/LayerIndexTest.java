package dev.cooper.tree;

import static dev.cooper.TestImages.path;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layer.TarEntry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LayerIndexTest {
  private static final HeapBudget ENOUGH = new HeapBudget(Long.MAX_VALUE);

  /** More than one block of everything that an entry can have. */
  private static List<LayerIndex.Item> items() {
    List<LayerIndex.Item> items = new ArrayList<>();
    ByteString large = new ByteString("\u00ff".repeat(150_000));
    for (int i = 0; i < 3000; i++) {
      TarEntry file = TarEntry.file(path("dir/file-" + i), 0640, i).withOwner(i, 1L << 40);
      items.add(new LayerIndex.Item(file, 512L * i));
    }
    items.add(
        new LayerIndex.Item(
            TarEntry.file(path("dir"), 0640, 1).withXattrs(Map.of(path("user.x"), large)), 7));
    items.add(new LayerIndex.Item(TarEntry.symlink(path("l"), path("to")), -1));
    items.add(new LayerIndex.Item(TarEntry.directory(path("m"), 0711).withMtime(-5, 9), -1));
    return items;
  }

  private static LayerIndex.Writer written(HeapBudget heap) {
    LayerIndex.Writer writer = new LayerIndex.Writer(heap);
    items().forEach(item -> writer.add(item.entry(), item.offset()));
    return writer;
  }

  @Test
  void parseGivesWhatWasWritten() throws IOException {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    written(ENOUGH).writeTo(file);
    assertThat(written(ENOUGH).toBytes()).isEqualTo(file.toByteArray());
    assertThat(LayerIndex.parse(file.toByteArray(), ENOUGH)).isEqualTo(new LayerIndex(items()));
    byte[] damaged = file.toByteArray();
    damaged[damaged.length / 2] ^= 1;
    assertThat(LayerIndex.parse(damaged, ENOUGH)).isNull();
  }

  @Test
  void addWhenTheHeapWouldBeFullSaysSo() {
    assertThatThrownBy(() -> written(new HeapBudget(200_000)))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("-Xmx");
    byte[] file = written(ENOUGH).toBytes();
    assertThatThrownBy(() -> LayerIndex.parse(file, new HeapBudget(1_000_000)))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("-Xmx");
  }
}

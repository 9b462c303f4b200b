package dev.cooper.linux;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.oci.ByteString;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class GatheredNoticesTest {
  private final GatheredNotices gathered = new GatheredNotices();
  private final List<String> told = new ArrayList<>();

  @Test
  void aReasonIsToldOnceWithItsFirstPathsAndHowManyThereAre() {
    for (String path : List.of("a", "b", "c", "d", "e")) {
      gathered.add(ByteString.utf8(path), "left out");
    }
    gathered.add(ByteString.utf8("f"), "kept");

    gathered.tell(told::add);

    assertThat(told).containsExactly("a, b, c and 2 more: left out", "f: kept");
  }

  @Test
  void whatWasToldIsNotToldAgain() {
    gathered.add(ByteString.utf8("a"), "left out");
    gathered.tell(told::add);
    gathered.tell(told::add);

    assertThat(told).containsExactly("a: left out");
  }
}

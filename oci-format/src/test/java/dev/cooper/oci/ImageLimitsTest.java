package dev.cooper.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import org.junit.jupiter.api.Test;

class ImageLimitsTest {
  @Test
  void everyLimitHasACopyWithAnother() throws ReflectiveOperationException {
    for (RecordComponent component : ImageLimits.class.getRecordComponents()) {
      String name = component.getName();
      Method with =
          ImageLimits.class.getMethod(
              "with" + Character.toUpperCase(name.charAt(0)) + name.substring(1),
              component.getType());
      Object value = component.getType() == int.class ? (Object) 7 : (Object) 7L;
      ImageLimits changed = (ImageLimits) with.invoke(ImageLimits.DEFAULT, value);
      for (RecordComponent each : ImageLimits.class.getRecordComponents()) {
        assertThat(each.getAccessor().invoke(changed))
            .as(each.getName())
            .isEqualTo(
                each.getName().equals(name)
                    ? value
                    : each.getAccessor().invoke(ImageLimits.DEFAULT));
      }
    }
  }

  @Test
  void valuesThatAreNoneAreRefused() {
    assertThatIllegalArgumentException().isThrownBy(() -> ImageLimits.DEFAULT.withLayers(-1));
    assertThatIllegalArgumentException().isThrownBy(() -> ImageLimits.DEFAULT.withImageBytes(-1));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ImageLimits.DEFAULT.withTrailingBytes(-1));
    assertThatIllegalArgumentException().isThrownBy(() -> ImageLimits.DEFAULT.withRatio(0));
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> ImageLimits.DEFAULT.withDocumentBytes(ImageLimits.MAX_DOCUMENT_BYTES + 1));
  }

  @Test
  void exceededNamesLimitValueAndRemedy() {
    assertThatThrownBy(() -> ImageLimits.DEFAULT.withLayers(3).requireLayers(4))
        .isInstanceOf(ContentException.class)
        .hasMessage(
            "the image has 4 layers, over the limit layers of 3: if this is to be trusted, raise"
                + " it, with ImageLimits.withLayers and Cooper.builder().limits");
    ImageLimits.DEFAULT.withLayers(3).requireLayers(3);
  }
}

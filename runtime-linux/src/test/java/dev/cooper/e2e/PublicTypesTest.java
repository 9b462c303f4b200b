package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What holds for every type that users see. */
class PublicTypesTest {
  private static final JavaClasses ALL =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .withImportOption(location -> !location.contains("/test-classes/"))
          .withImportOption(location -> !location.contains("/test/"))
          .importPackages("dev.cooper");

  /** The public types of the packages that a module exports. */
  static Stream<Class<?>> types() {
    return ALL.stream()
        .filter(each -> isExported(each.getPackageName()))
        .filter(PublicTypesTest::isPublic)
        .map(JavaClass::reflect);
  }

  private static boolean isExported(String name) {
    return ArchitectureTest.EXPORTED.contains(name) || name.startsWith("dev.cooper.oci");
  }

  private static boolean isPublic(JavaClass type) {
    return type.getModifiers().contains(JavaModifier.PUBLIC)
        && type.getEnclosingClass().map(PublicTypesTest::isPublic).orElse(true);
  }

  /** JShell's Tab, Javadoc and reflection all lose what a package-private type declares. */
  @Test
  void publicMethodsAreDeclaredByPublicTypes() {
    List<String> hidden = new ArrayList<>();
    types()
        .forEach(
            type -> {
              for (Method method : type.getMethods()) {
                if (!Modifier.isPublic(method.getDeclaringClass().getModifiers())) {
                  hidden.add(type.getName() + " inherits " + method);
                }
              }
            });
    assertThat(hidden).isEmpty();
  }

  /** What JShell prints of a value tells more than its class and hash code. */
  @Test
  void typesWithInstancesSayWhatTheyAre() throws NoSuchMethodException {
    List<String> silent = new ArrayList<>();
    for (Class<?> type : types().toList()) {
      if (hasInstances(type)
          && type.getMethod("toString").getDeclaringClass().equals(Object.class)) {
        silent.add(type.getName());
      }
    }
    assertThat(silent).isEmpty();
  }

  private static boolean hasInstances(Class<?> type) {
    return !type.isInterface()
        && !Modifier.isAbstract(type.getModifiers())
        && Stream.of(type.getMethods())
            .anyMatch(
                each ->
                    !Modifier.isStatic(each.getModifiers())
                        && !each.getDeclaringClass().equals(Object.class));
  }
}

package dev.cooper.e2e;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.GeneralCodingRules;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The house rules that a compiler does not hold. */
class ArchitectureTest {
  private static final JavaClasses ALL =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .withImportOption(location -> !location.contains("/test-classes/"))
          .withImportOption(location -> !location.contains("/test/"))
          .importPackages("dev.cooper")
          .that(
              com.tngtech.archunit.base.DescribedPredicate.not(
                  resideInAnyPackage("dev.cooper.e2e..")));

  /** The rooms of core from the lowest on, as its package-info draws them. */
  private static final List<String> ROOMS =
      List.of(
          "dev.cooper.text",
          "dev.cooper.io",
          "dev.cooper.error",
          "dev.cooper.command",
          "dev.cooper.event",
          "dev.cooper.image",
          "dev.cooper.maintenance",
          "dev.cooper.step",
          "dev.cooper.spi",
          "dev.cooper.progress",
          "dev.cooper.tree",
          "dev.cooper.host",
          "dev.cooper.store",
          "dev.cooper.transfer",
          "dev.cooper.container",
          "dev.cooper");

  /** Those that a module can see which requires core. */
  static final Set<String> EXPORTED =
      Set.of(
          "dev.cooper",
          "dev.cooper.command",
          "dev.cooper.error",
          "dev.cooper.event",
          "dev.cooper.image",
          "dev.cooper.maintenance",
          "dev.cooper.spi",
          "dev.cooper.step");

  /** Those that a runtime may know. */
  private static final Set<String> RUNTIMES = Set.of("dev.cooper.spi", "dev.cooper.command");

  private static boolean isOfCore(JavaClass type) {
    return type.getPackageName().startsWith("dev.cooper")
        && !type.getPackageName().startsWith("dev.cooper.oci")
        && !type.getPackageName().startsWith("dev.cooper.linux");
  }

  @Test
  void roomsOfCoreKnowOnlyThoseBelow() {
    Set<String> rooms =
        ALL.stream()
            .filter(ArchitectureTest::isOfCore)
            .map(JavaClass::getPackageName)
            .collect(Collectors.toSet());
    assertThat(rooms).containsExactlyInAnyOrderElementsOf(ROOMS);
    for (int i = 0; i + 1 < ROOMS.size(); i++) {
      noClasses()
          .that()
          .resideInAPackage(ROOMS.get(i))
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(ROOMS.subList(i + 1, ROOMS.size()).toArray(new String[0]))
          .check(ALL);
    }
  }

  @Test
  void exportedPackagesShowNoTypesOfClosedOnes() {
    List<String> leaks = new ArrayList<>();
    for (JavaClass each : ALL) {
      if (EXPORTED.contains(each.getPackageName())
          && each.getModifiers().contains(JavaModifier.PUBLIC)) {
        for (JavaMember member : each.getMembers()) {
          if (isOpen(member)) {
            types(member)
                .map(JavaClass::getBaseComponentType)
                .filter(ArchitectureTest::isOfCore)
                .filter(type -> !EXPORTED.contains(type.getPackageName()))
                .forEach(type -> leaks.add(member.getFullName() + " shows " + type.getName()));
          }
        }
      }
    }
    assertThat(leaks).isEmpty();
  }

  @Test
  void packagesHaveNoCycles() {
    slices().matching("dev.(**)").should().beFreeOfCycles().check(ALL);
  }

  @Test
  void formatsKnowNothingAbove() {
    noClasses()
        .that()
        .resideInAPackage("dev.cooper.oci..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(above())
        .check(ALL);
  }

  @Test
  void coreKnowsNoRuntime() {
    noClasses()
        .that()
        .resideInAnyPackage(ROOMS.toArray(new String[0]))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("dev.cooper.linux..", "com.kenai..", "jnr..")
        .check(ALL);
  }

  private static String[] above() {
    return Stream.concat(ROOMS.stream(), Stream.of("dev.cooper.linux..")).toArray(String[]::new);
  }

  @Test
  void runtimeKnowsOnlyTheSpi() {
    noClasses()
        .that()
        .resideInAPackage("dev.cooper.linux..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            ROOMS.stream().filter(room -> !RUNTIMES.contains(room)).toArray(String[]::new))
        .check(ALL);
    noClasses()
        .that()
        .resideInAPackage("dev.cooper.linux..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("dev.cooper.oci.layout..", "dev.cooper.oci.compress..")
        .check(ALL);
  }

  @Test
  void everyPackageHasAPackageInfo() {
    Set<String> described =
        ALL.stream()
            .filter(each -> each.getSimpleName().equals("package-info"))
            .map(JavaClass::getPackageName)
            .collect(Collectors.toSet());
    assertThat(ALL.stream().map(JavaClass::getPackageName).collect(Collectors.toSet()))
        .hasSizeGreaterThan(5)
        .allMatch(described::contains);
  }

  @Test
  void publicSignaturesShowNoForeignTypes() {
    List<String> leaks = new ArrayList<>();
    for (JavaClass each : ALL) {
      boolean open = each.getModifiers().contains(JavaModifier.PUBLIC);
      if (open) {
        for (JavaMember member : each.getMembers()) {
          if (isOpen(member)) {
            types(member)
                .filter(type -> !isOurs(type))
                .forEach(type -> leaks.add(member.getFullName() + " shows " + type.getName()));
          }
        }
      }
    }
    assertThat(leaks).isEmpty();
  }

  private static boolean isOpen(JavaMember member) {
    return member.getModifiers().contains(JavaModifier.PUBLIC)
        || member.getModifiers().contains(JavaModifier.PROTECTED);
  }

  private static Stream<JavaClass> types(JavaMember member) {
    if (member instanceof JavaField field) {
      return field.getType().getAllInvolvedRawTypes().stream();
    }
    JavaCodeUnit unit = (JavaCodeUnit) member;
    return Stream.concat(
        unit.getReturnType().getAllInvolvedRawTypes().stream(),
        unit.getParameterTypes().stream().flatMap(type -> type.getAllInvolvedRawTypes().stream()));
  }

  private static boolean isOurs(JavaClass type) {
    JavaClass base = type.getBaseComponentType();
    return base.isPrimitive()
        || base.getPackageName().startsWith("java.")
        || base.getPackageName().equals("javax.net.ssl")
        || base.getPackageName().startsWith("dev.cooper");
  }

  @Test
  void nothingWritesToTheStandardStreams() {
    GeneralCodingRules.NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS.check(ALL);
    GeneralCodingRules.NO_CLASSES_SHOULD_USE_JAVA_UTIL_LOGGING.check(ALL);
  }

  @Test
  void classesAreFinalUnlessTheyAreMadeToBeExtended() {
    classes()
        .that()
        .arePublic()
        .and()
        .areTopLevelClasses()
        .and()
        .areNotInterfaces()
        .and()
        .areNotEnums()
        .and()
        .doNotHaveModifier(JavaModifier.ABSTRACT)
        .and()
        .areNotAssignableTo(Throwable.class)
        .should()
        .haveModifier(JavaModifier.FINAL)
        .check(ALL);
  }
}

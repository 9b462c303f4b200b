package dev.cooper.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.Cooper;
import dev.cooper.CooperBuilder;
import dev.cooper.Image;
import dev.cooper.WorkingContainer;
import dev.cooper.command.Isolation;
import dev.cooper.event.BuildListener;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.Array;
import java.lang.reflect.Executable;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Parameter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A null where none may be is refused at once, by the parameter's name: as an argument, within one
 * that is a list or an array, and from one that is a function.
 */
class NullArgumentsTest {
  /** Of core, and not for runtimes only. */
  private static boolean isForApplications(Class<?> type) {
    String name = type.getPackageName();
    return ArchitectureTest.EXPORTED.contains(name) && !name.equals("dev.cooper.spi");
  }

  @Test
  void everyStaticMethodNamesTheParameterThatIsNull() {
    List<String> found = new ArrayList<>();
    PublicTypesTest.types()
        .filter(type -> isForApplications(type) && !type.isEnum())
        .forEach(
            type -> {
              for (Method each : type.getMethods()) {
                if (Modifier.isStatic(each.getModifiers()) && !each.isSynthetic()) {
                  check(each, arguments -> each.invoke(null, arguments), found);
                }
              }
            });
    assertThat(found).isEmpty();
  }

  @Test
  void everyMethodNamesTheParameterThatIsNull(@TempDir Path temp) {
    List<String> found = new ArrayList<>();
    CooperBuilder builder = Cooper.builder().store(temp.resolve("store")).isolation(Isolation.NONE);
    try (Cooper cooper = builder.listener(BuildListener.quiet()).build();
        WorkingContainer container = cooper.scratch();
        WorkingContainer other = cooper.scratch()) {
      SampleValues.put(WorkingContainer.class, other);
      SampleValues.put(Image.class, container.commit());
      container.copy(temp, "/", options -> check(options, found));
      container.commit(options -> check(options, found));
      check(container, found);
      check(cooper, found);
      check(cooper.maintenance(), found);
      check(builder, found);
      for (Class<?> type : PublicTypesTest.types().toList()) {
        Object value = SampleValues.of(type);
        if (value != null && !type.isEnum() && isForApplications(type)) {
          check(value, found);
        }
      }
    }
    assertThat(found).isEmpty();
  }

  private static <T> T check(T instance, List<String> found) {
    for (Method each : instance.getClass().getMethods()) {
      if (!Modifier.isStatic(each.getModifiers())
          && Modifier.isPublic(each.getDeclaringClass().getModifiers())
          && !each.isSynthetic()
          && !each.getDeclaringClass().equals(Object.class)
          && !each.getName().equals("equals")) {
        check(each, arguments -> each.invoke(instance, arguments), found);
      }
    }
    return instance;
  }

  /** Calls something. */
  interface Call {
    Object with(Object[] arguments) throws ReflectiveOperationException;
  }

  /** Tries a null for each parameter by itself, with sound values for the others. */
  static void check(Executable called, Call call, List<String> found) {
    Parameter[] parameters = called.getParameters();
    for (int i = 0; i < parameters.length; i++) {
      if (!parameters[i].getType().isPrimitive() && !isNullable(called, i)) {
        for (Object wrong : wrong(parameters[i].getType())) {
          check(called, i, wrong, call, found);
        }
      }
    }
  }

  /** Null, and what holds or gives it. */
  private static List<Object> wrong(Class<?> type) {
    List<Object> wrong = new ArrayList<>();
    wrong.add(null);
    if (type.equals(List.class)) {
      wrong.add(Arrays.asList((Object) null));
    } else if (type.equals(UnaryOperator.class)) {
      wrong.add((UnaryOperator<Object>) given -> null);
    } else if (type.isArray() && !type.getComponentType().isPrimitive()) {
      wrong.add(Array.newInstance(type.getComponentType(), 1));
    }
    return wrong;
  }

  private static boolean isNullable(Executable called, int parameter) {
    AnnotatedType type = called.getAnnotatedParameterTypes()[parameter];
    return type.isAnnotationPresent(Nullable.class);
  }

  private static void check(
      Executable called, int parameter, Object wrong, Call call, List<String> found) {
    Object[] arguments =
        Stream.of(called.getParameters()).map(each -> SampleValues.of(each.getType())).toArray();
    arguments[parameter] = wrong;
    String name = called.getParameters()[parameter].getName();
    String where =
        called.getDeclaringClass().getSimpleName()
            + "."
            + called.getName()
            + "("
            + name
            + ")"
            + (wrong == null ? "" : " of " + wrong.getClass().getSimpleName() + " with null");
    boolean isFunction = wrong instanceof UnaryOperator; // may be asked later, or not at all
    try {
      call.with(arguments);
      if (!isFunction) {
        found.add(where + " took null");
      }
    } catch (InvocationTargetException e) {
      Throwable thrown = e.getCause();
      String message = String.valueOf(thrown.getMessage());
      // The JVM's own text begins so, and names what it was compiled with.
      boolean named =
          message.matches("(?s).*\\b" + name + "\\b.*") && !message.startsWith("Cannot ");
      if (thrown instanceof NullPointerException ? !named : !isFunction) {
        found.add(where + " threw " + thrown);
      }
    } catch (ReflectiveOperationException | IllegalArgumentException e) {
      found.add(where + " could not be called with " + Arrays.toString(arguments) + ": " + e);
    }
  }
}

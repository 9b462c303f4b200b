package dev.cooper;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.command.Command;
import dev.cooper.step.CopyOptions;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import jdk.jshell.JShell;
import jdk.jshell.SourceCodeAnalysis;
import org.junit.jupiter.api.Test;

class JShellCompletionTest {
  private static final List<Class<?>> TYPES =
      List.of(
          WorkingContainer.class,
          Cooper.class,
          CooperBuilder.class,
          Image.class,
          Command.class,
          RunningCommand.class,
          CopyOptions.class);

  @Test
  void tabOffersEveryMethod() {
    try (JShell shell = JShell.builder().executionEngine("local").build()) {
      shell.addToClasspath(System.getProperty("java.class.path"));
      for (Class<?> type : TYPES) {
        assertThat(offered(shell, "((" + type.getName() + ") null)."))
            .as(type.getSimpleName())
            .containsAll(publicMethods(type));
      }
    }
  }

  private static Set<String> offered(JShell shell, String typed) {
    List<SourceCodeAnalysis.Suggestion> suggestions =
        shell.sourceCodeAnalysis().completionSuggestions(typed, typed.length(), new int[1]);
    return suggestions.stream()
        .map(each -> each.continuation().replaceAll("\\(.*", ""))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static Set<String> publicMethods(Class<?> type) {
    return Stream.of(type.getMethods())
        .filter(each -> !Modifier.isStatic(each.getModifiers()))
        .map(Method::getName)
        .collect(Collectors.toCollection(TreeSet::new));
  }
}

package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ScopesTest {
  @Test
  void andWhenOfTheSameRepositoryJoinsTheActions() {
    assertThat(Scopes.pull("a/b").and(Scopes.push("a/b")).texts())
        .containsExactly("repository:a/b:pull,push");
    assertThat(Scopes.push("a/b").and(Scopes.pull("c")).texts())
        .containsExactly("repository:a/b:pull,push", "repository:c:pull");
  }

  @Test
  void parseTakesWhatIsAScopeAndLeavesTheRest() {
    assertThat(Scopes.parse("repository:a/b:push,pull registry:catalog:*").texts())
        .containsExactly("registry:catalog:*", "repository:a/b:pull,push");
    assertThat(Scopes.parse("repository(plugin):h:5000/a:pull").texts())
        .containsExactly("repository(plugin):h:5000/a:pull");
    assertThat(Scopes.parse("x repository:: a:b:c\r\nd :pull").texts()).isEmpty();
    assertThat(Scopes.parse("").texts()).isEmpty();
  }

  @Test
  void equalScopesAreEqualWhateverTheirOrder() {
    assertThat(Scopes.pull("a").and(Scopes.pull("b")))
        .isEqualTo(Scopes.pull("b").and(Scopes.pull("a")))
        .hasSameHashCodeAs(Scopes.pull("b").and(Scopes.pull("a")));
  }
}

package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.net.URISyntaxException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RelativeUrlTest {
  /** RFC 3986, sections 5.4.1 and 5.4.2, but for those that are of another scheme. */
  @ParameterizedTest
  @CsvSource({
    "g, http://a/b/c/g",
    "./g, http://a/b/c/g",
    "g/, http://a/b/c/g/",
    "/g, http://a/g",
    "//g, http://g",
    "?y, http://a/b/c/d;p?y",
    "g?y, http://a/b/c/g?y",
    "'#s', http://a/b/c/d;p?q#s",
    "'g?y#s', http://a/b/c/g?y#s",
    ";x, http://a/b/c/;x",
    "'', http://a/b/c/d;p?q",
    "., http://a/b/c/",
    "./, http://a/b/c/",
    ".., http://a/b/",
    "../g, http://a/b/g",
    "../.., http://a/",
    "../../g, http://a/g",
    "../../../../g, http://a/g",
    "/./g, http://a/g",
    "/../g, http://a/g",
    "g., http://a/b/c/g.",
    "..g, http://a/b/c/..g",
    "./g/., http://a/b/c/g/",
    "g/../h, http://a/b/c/h",
    "g;x=1/../y, http://a/b/c/y",
    "g?y/./x, http://a/b/c/g?y/./x",
    "https://h/x?y, https://h/x?y",
  })
  void resolveIsAsTheStandardSays(String reference, String expected) throws URISyntaxException {
    assertThat(RelativeUrl.resolve(URI.create("http://a/b/c/d;p?q"), reference))
        .isEqualTo(URI.create(expected));
  }

  @Test
  void resolveKeepsPortAndEscapes() throws URISyntaxException {
    URI base = URI.create("http://h:5000/v2/_catalog?n=1");
    assertThat(RelativeUrl.resolve(base, "?n=1&last=a%2Fb"))
        .isEqualTo(URI.create("http://h:5000/v2/_catalog?n=1&last=a%2Fb"));
    assertThat(RelativeUrl.resolve(URI.create("http://h"), "x"))
        .isEqualTo(URI.create("http://h/x"));
    assertThatThrownBy(() -> RelativeUrl.resolve(base, "a b"))
        .isInstanceOf(URISyntaxException.class);
  }
}

package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.ContentException;
import java.io.IOException;
import java.net.Authenticator;
import java.net.Authenticator.RequestorType;
import java.net.InetSocketAddress;
import java.net.PasswordAuthentication;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProxySettingsTest {
  private static final String SECRET = "s3cr3t-Value";

  private static String choose(ProxySettings settings, String url) {
    Proxy proxy = settings.selector().select(URI.create(url)).get(0);
    if (proxy.type() == Proxy.Type.DIRECT) {
      return "direct";
    }
    InetSocketAddress address = (InetSocketAddress) proxy.address();
    assertThat(address.isUnresolved()).isTrue();
    return address.getHostString() + ":" + address.getPort();
  }

  private static ProxySettings of(String... namesAndValues) {
    Map<String, String> variables = new java.util.HashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      variables.put(namesAndValues[i], namesAndValues[i + 1]);
    }
    return ProxySettings.of(variables, null);
  }

  @Test
  void selectTakesTheSchemesVariable() {
    ProxySettings settings = of("HTTP_PROXY", "plain:3128", "HTTPS_PROXY", "http://secure:8080/");
    assertThat(choose(settings, "http://example.com/v2/")).isEqualTo("plain:3128");
    assertThat(choose(settings, "https://example.com/v2/")).isEqualTo("secure:8080");
    assertThat(choose(of("https_proxy", "low"), "https://a.com")).isEqualTo("low:80");
    assertThat(choose(of("https_proxy", "low"), "http://a.com")).isEqualTo("direct");
    assertThat(choose(of("https_proxy", "low", "HTTPS_PROXY", "up"), "https://a.com"))
        .isEqualTo("up:80");
    assertThat(choose(of("https_proxy", "low", "HTTPS_PROXY", ""), "https://a.com"))
        .isEqualTo("low:80");
    assertThat(choose(of(), "https://a.com")).isEqualTo("direct");
  }

  @Test
  void selectWhenAHeaderCouldHaveSetTheVariableLeavesItOut() {
    assertThat(choose(of("HTTP_PROXY", "evil", "REQUEST_METHOD", "GET"), "http://a.com"))
        .isEqualTo("direct");
    ProxySettings both =
        of("HTTP_PROXY", "evil", "http_proxy", "good", "HTTPS_PROXY", "s", "REQUEST_METHOD", "GET");
    assertThat(choose(both, "http://a.com")).isEqualTo("good:80");
    assertThat(choose(both, "https://a.com")).isEqualTo("s:80");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a.com|https://a.com/|direct",
        "a.com|https://b.a.com/|direct",
        "a.com|https://ba.com/|proxy",
        "A.Com|https://b.a.COM/|direct",
        ".a.com|https://a.com/|proxy",
        ".a.com|https://b.a.com/|direct",
        "*.a.com|https://b.a.com/|direct",
        "*.a.com|https://a.com/|proxy",
        "a.com:443|https://a.com/|direct",
        "a.com:5000|https://a.com/|proxy",
        "a.com:5000|https://a.com:5000/|direct",
        ".a.com:5000|https://b.a.com:5000/|direct",
        "b.com, a.com ,|https://a.com/|direct",
        "b.com a.com|https://a.com/|direct",
        "*|https://a.com/|direct",
        "b.com,*|https://a.com/|direct",
        "*a.com|https://a.com/|proxy",
        "10.0.0.1|https://10.0.0.1/|direct",
        "10.0.0.1:5000|https://10.0.0.1:5000/|direct",
        "10.0.0.1:5000|https://10.0.0.1/|proxy",
        "10.0.0.0/8|https://10.255.3.4/|direct",
        "10.0.0.0/8|https://11.0.0.1/|proxy",
        "10.0.0.0/33|https://10.0.0.1/|proxy",
        "10.0.0.0/x|https://10.0.0.1/|proxy",
        "0.0.0.0/0|https://10.0.0.1/|direct",
        "0.0.0.0/0|https://a.com/|proxy",
        "192.168.100.0/22|https://192.168.103.255/|direct",
        "192.168.100.0/22|https://192.168.104.0/|proxy",
        "fd00::/8|https://[fd12::1]/|direct",
        "fd00::/8|https://[fe00::1]/|proxy",
        "fd00::1|https://[fd00:0:0::1]/|direct",
        "[fd00::1]:5000|https://[fd00::1]:5000/|direct",
        "[fd00::1]:5000|https://[fd00::1]/|proxy",
        "999.1.1.1|https://999.1.1.1/|direct",
        ":80|https://a.com/|proxy",
        "a.com:x|https://a.com/|proxy",
        "''|https://a.com/|proxy",
        "''|https://localhost/|direct",
        "''|http://localhost:5000/|direct",
        "''|https://LOCALHOST:5000/|direct",
        "''|https://127.0.0.1:5000/|direct",
        "''|https://127.8.9.10/|direct",
        "''|https://[::1]:5000/|direct",
        "''|https://[0:0:0:0:0:0:0:1]/|direct",
        "''|https://[::ffff:127.0.0.1]/|direct",
        "''|https://128.0.0.1/|proxy",
        "''|https://127.0.0.1.evil.com/|proxy",
      })
  void selectFollowsGosRulesForExceptions(String list, String url, String expected) {
    for (String name : new String[] {"NO_PROXY", "no_proxy"}) {
      ProxySettings settings = of("HTTPS_PROXY", "proxy:1", "HTTP_PROXY", "proxy:1", name, list);
      assertThat(choose(settings, url).replace(":1", "")).as(name).isEqualTo(expected);
    }
  }

  @Test
  void selectWithoutAVariableAsksTheJdk() {
    ProxySelector jdk =
        new ProxySelector() {
          @Override
          public List<Proxy> select(URI uri) {
            return List.of(
                new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved("jdk", 7)));
          }

          @Override
          public void connectFailed(URI uri, SocketAddress address, IOException failure) {
            throw new AssertionError(failure);
          }
        };
    ProxySettings settings =
        ProxySettings.of(Map.of("HTTPS_PROXY", "variable", "NO_PROXY", "b.com"), jdk);
    assertThat(choose(settings, "https://a.com")).isEqualTo("variable:80");
    assertThat(choose(settings, "http://a.com")).isEqualTo("jdk:7");
    assertThat(choose(settings, "http://b.com")).isEqualTo("direct");
    assertThat(choose(settings, "http://localhost:5000")).isEqualTo("direct");
  }

  private static PasswordAuthentication ask(
      Authenticator who, String host, int port, RequestorType type) {
    return who.requestPasswordAuthenticationInstance(
        host, null, port, "http", "realm", "Basic", null, type);
  }

  @Test
  void authenticatorAnswersItsProxyAlone() {
    ProxySettings settings = of("HTTPS_PROXY", "http://m%40e:s3cr3t%3A+Value@Proxy.com:3128");
    Authenticator who = settings.authenticator().orElseThrow();
    PasswordAuthentication answer = ask(who, "proxy.com", 3128, RequestorType.PROXY);
    assertThat(answer.getUserName()).isEqualTo("m@e");
    assertThat(new String(answer.getPassword())).isEqualTo("s3cr3t:+Value");
    assertThat(ask(who, "proxy.com", 3128, RequestorType.SERVER)).isNull();
    assertThat(ask(who, "proxy.com", 3129, RequestorType.PROXY)).isNull();
    assertThat(ask(who, "other.com", 3128, RequestorType.PROXY)).isNull();
    assertThat(ask(who, null, 3128, RequestorType.PROXY)).isNull();
    assertThat(of("HTTPS_PROXY", "http://proxy.com").authenticator()).isEmpty();
    assertThat(of("HTTPS_PROXY", "http://me@proxy.com").authenticator()).isPresent();
  }

  @Test
  void toStringShowsNoPassword() {
    ProxySettings settings = of("HTTPS_PROXY", "http://me:" + SECRET + "@proxy.com:3128");
    assertThat(settings.toString()).contains("proxy.com:3128").doesNotContain(SECRET, "me");
    assertThat(settings.selector().select(URI.create("https://a.com")).toString())
        .doesNotContain(SECRET);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "socks5://me:s3cr3t-Value@proxy.com",
        "https://me:s3cr3t-Value@proxy.com",
        "http://me:s3cr3t-Value @proxy.com",
        "http://me:s3cr3t-Value%zz@proxy.com",
        "http://me:s3cr3t-Value@proxy.com:port",
        "http://me:s3cr3t-Value@proxy.com:99999",
        "http://me:s3cr3t-Value@",
        "me:s3cr3t-Value@under_score",
        "http://[me:s3cr3t-Value",
        "://s3cr3t-Value",
      })
  void selectWhenAVariableIsMalformedNamesItAndShowsNoSecret(String value) {
    ProxySettings settings = of("HTTPS_PROXY", value);
    assertThatThrownBy(() -> choose(settings, "https://a.com"))
        .isInstanceOf(ContentException.class)
        .hasMessageContaining("HTTPS_PROXY")
        .hasMessageContaining("expected http://")
        .hasMessageContaining("NO_PROXY")
        .hasNoCause()
        .satisfies(failure -> assertThat(failure.getMessage()).doesNotContain(SECRET));
    assertThat(settings.toString()).doesNotContain(SECRET);
    assertThat(settings.authenticator()).isEmpty();
  }

  /** What no request goes through breaks none. */
  @ParameterizedTest
  @ValueSource(strings = {"socks5://proxy.com:1080", "https://proxy.com", "http://under_score"})
  void selectWhenAMalformedVariableDoesNotConcernTheUrlIsAsEver(String value) {
    ProxySettings settings = of("HTTPS_PROXY", value, "NO_PROXY", "inner.test");
    assertThat(choose(settings, "https://localhost:5000")).isEqualTo("direct");
    assertThat(choose(settings, "https://inner.test")).isEqualTo("direct");
    assertThat(choose(settings, "http://a.com")).isEqualTo("direct");
  }

  @Test
  void standardReadsThisProcess() {
    assertThat(choose(ProxySettings.standard(), "http://localhost:5000/")).isEqualTo("direct");
  }
}

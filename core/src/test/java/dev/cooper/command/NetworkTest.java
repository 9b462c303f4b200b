package dev.cooper.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NetworkTest {
  @Test
  void methodsWhenChainedKeepEachOther() {
    Network network =
        Network.PRIVATE
            .publish(8080, 80)
            .addHost("a", "192.0.2.1")
            .addHost("b", "2001:db8::1")
            .dns("192.0.2.53")
            .dnsSearch("example.org")
            .dnsOption("ndots:2")
            .publish(8443, 443);
    assertThat(network.mode()).isEqualTo(Network.Mode.PRIVATE);
    assertThat(network.ports())
        .containsExactly(new Network.Port(8080, 80), new Network.Port(8443, 443));
    assertThat(network.hosts())
        .containsExactly(new Network.Host("a", "192.0.2.1"), new Network.Host("b", "2001:db8::1"));
    assertThat(network.dnsServers()).containsExactly("192.0.2.53");
    assertThat(network.dnsSearch()).containsExactly("example.org");
    assertThat(network.dnsOptions()).containsExactly("ndots:2");
    assertThat(network.hostPort(443)).contains(8443);
    assertThat(network.hostPort(8443)).isEmpty();
    assertThat(Network.PRIVATE.ports()).isEmpty();
  }

  @Test
  void publishWhenTheNetworkIsNotPrivateFails() {
    assertThatThrownBy(() -> Network.HOST.publish(1, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Network.PRIVATE");
    assertThatThrownBy(() -> Network.PRIVATE.publish(65536, 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Network.PRIVATE.publish(1, 0))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "example.org",
        "192.0.2",
        "192.0.2.256",
        "192.0.2.1.",
        "192.0.2.01",
        "192.0.2.1\n192.0.2.2",
        "::1 evil",
        "1:2",
        "fe80::1%eth0",
        ":::"
      })
  void addHostWhenTheAddressIsNoneFails(String address) {
    assertThatThrownBy(() -> Network.HOST.addHost("a", address))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Network.HOST.dns(address))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a b", "a\n192.0.2.1 b", "a\tb", "-a", "#a"})
  void addHostWhenTheNameIsNoneFails(String name) {
    assertThatThrownBy(() -> Network.HOST.addHost(name, "192.0.2.1"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Network.HOST.dnsSearch(name))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void dnsOptionWhenItHoldsWhiteSpaceFails() {
    assertThatThrownBy(() -> Network.HOST.dnsOption("ndots:2\nnameserver 192.0.2.1"))
        .isInstanceOf(IllegalArgumentException.class);
  }
}

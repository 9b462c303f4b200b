package dev.cooper.container;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cooper.command.Network;
import org.junit.jupiter.api.Test;

class FreePortsTest {
  @Test
  void inWhenOneIsLeftOpenFindsIt() {
    Network network = FreePorts.in(Network.PRIVATE.publish(0, 80).publish(1234, 81));
    assertThat(network.hostPort(80)).hasValueSatisfying(port -> assertThat(port).isPositive());
    assertThat(network.hostPort(81)).contains(1234);
    assertThat(FreePorts.in(Network.HOST)).isSameAs(Network.HOST);
  }
}

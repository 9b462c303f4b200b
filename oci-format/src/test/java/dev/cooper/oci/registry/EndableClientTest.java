package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class EndableClientTest extends HostileRegistry {
  private static final HttpResponse.BodyHandler<Void> NOTHING =
      HttpResponse.BodyHandlers.discarding();

  private static Set<Thread> selectors() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().endsWith("-SelectorManager"))
        .collect(Collectors.toSet());
  }

  private HttpRequest request() {
    return HttpRequest.newBuilder(URI.create("http://" + server.address() + "/v2/")).build();
  }

  @Test
  void endEndsTheThreadOfThisClientAlone() throws Exception {
    Set<Thread> before = selectors();
    EndableClient ended = EndableClient.of(HttpClient.newBuilder());
    Set<Thread> its = selectors();
    its.removeAll(before);
    EndableClient other = EndableClient.of(HttpClient.newBuilder());
    assertThat(ended.client().send(request(), NOTHING).statusCode()).isEqualTo(200);
    assertThat(its).hasSize(1).allMatch(Thread::isAlive);
    ended.end();
    assertThat(its).noneMatch(Thread::isAlive);
    assertThat(other.client().send(request(), NOTHING).statusCode()).isEqualTo(200);
    other.end();
  }

  @Test
  void clientMadeByAnInterruptedThreadIsWholeAndTheInterruptStays() throws Exception {
    Thread.currentThread().interrupt();
    EndableClient client = EndableClient.of(HttpClient.newBuilder());
    assertThat(Thread.interrupted()).isTrue();
    assertThat(client.client().send(request(), NOTHING).statusCode()).isEqualTo(200);
    Thread.currentThread().interrupt();
    client.end();
    assertThat(Thread.interrupted()).isTrue();
  }

  @Test
  void closingARegistryClientLeavesNoThreadOfAHttpClient() throws Exception {
    Set<Thread> before = selectors();
    RegistryClient client = builder().build();
    client.open(app()).close();
    Set<Thread> its = selectors();
    its.removeAll(before);
    assertThat(its).isNotEmpty();
    client.close();
    assertThat(its).noneMatch(Thread::isAlive);
  }
}

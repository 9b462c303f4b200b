package dev.cooper.oci.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What can't be mounted is sent, whatever the registry says. */
class MountTest extends HostileRegistry {
  private static final String MOUNT = "from=other";

  private final byte[] content = image.blobs.get(layer);
  private final List<byte[]> stored = new CopyOnWriteArrayList<>();
  private FakeServer.Handler mount = answer -> answer.send(404);

  @BeforeEach
  void serve() {
    server.on("HEAD /v2/app/blobs/.*", answer -> answer.send(404));
    server.on(
        "POST /v2/app/blobs/uploads/",
        answer -> {
          if (answer.query().contains(MOUNT)) {
            mount.answer(answer);
          } else {
            answer.with("Location", "/v2/app/blobs/uploads/1").send(202);
          }
        });
    server.on(
        "PUT /v2/app/blobs/uploads/1",
        answer -> {
          stored.add(answer.body);
          answer.send(201);
        });
  }

  private void push() throws IOException {
    client.writer(app()).blob(layer, () -> new ByteArrayInputStream(content), List.of("other"));
    assertThat(stored).containsExactly(content);
  }

  @ParameterizedTest
  @ValueSource(ints = {400, 401, 403, 404, 405, 413, 500, 503})
  void mountThatIsRefusedIsNoEnd(int status) throws IOException {
    mount = answer -> answer.send(status);
    push();
  }

  @Test
  void mountThatLeadsNowhereIsNoEnd() throws IOException {
    mount = answer -> answer.send(202);
    push();
  }

  @Test
  void mountThatBreaksIsNoEnd() throws IOException {
    mount =
        answer -> {
          throw new IOException("cut");
        };
    push();
  }

  @Test
  void mountWhoseTokenIsRefusedIsNoEnd() throws IOException {
    elsewhere.on(
        "GET /token",
        answer -> {
          boolean wide = answer.query().contains("other");
          answer.sendText(wide ? 403 : 200, wide ? "{}" : "{\"token\":\"narrow\"}");
        });
    FakeServer.Handler guarded =
        answer -> {
          if (!"Bearer narrow".equals(answer.header("Authorization"))) {
            answer
                .with(
                    "WWW-Authenticate",
                    "Bearer realm=\"http://" + elsewhere.address() + "/token\",service=\"s\"")
                .send(401);
          } else if (answer.exchange().getRequestMethod().equals("PUT")) {
            stored.add(answer.body);
            answer.send(201);
          } else {
            answer.with("Location", "/v2/app/blobs/uploads/1").send(202);
          }
        };
    server.on("P(OST|UT) /v2/app/.*", guarded);
    server.on("POST /v2/app/blobs/uploads/", guarded);
    server.on("PUT /v2/app/blobs/uploads/1", guarded);
    push();
    assertThat(elsewhere.requests.get(elsewhere.requests.size() - 1)).doesNotContain("other");
  }
}

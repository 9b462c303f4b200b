package dev.cooper.e2e;

import dev.cooper.command.Command;
import dev.cooper.command.Mount;
import dev.cooper.command.Network;
import dev.cooper.command.Resources;
import dev.cooper.command.Seccomp;
import dev.cooper.command.Secret;
import dev.cooper.command.Security;
import dev.cooper.event.BuildListener;
import dev.cooper.image.CopyImageOptions;
import dev.cooper.image.PullOptions;
import dev.cooper.image.PushOptions;
import dev.cooper.image.SaveOptions;
import dev.cooper.maintenance.PruneOptions;
import dev.cooper.oci.Digest;
import dev.cooper.oci.Healthcheck;
import dev.cooper.oci.ImageLimits;
import dev.cooper.oci.Platform;
import dev.cooper.oci.compress.CompressionParameters;
import dev.cooper.oci.registry.CredentialsProvider;
import dev.cooper.oci.registry.RegistriesConf;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.Array;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/** A sound value of each type that the public methods take. */
final class SampleValues {
  private static final Map<Class<?>, Object> ALL = new HashMap<>();

  static {
    ALL.put(boolean.class, false);
    ALL.put(int.class, 80);
    ALL.put(long.class, 80L);
    ALL.put(String.class, "a");
    ALL.put(Path.class, Path.of("/a"));
    ALL.put(List.class, List.of());
    ALL.put(Map.class, Map.of());
    ALL.put(Set.class, Set.of());
    ALL.put(Duration.class, Duration.ofSeconds(1));
    ALL.put(Instant.class, Instant.EPOCH);
    ALL.put(Clock.class, Clock.systemUTC());
    ALL.put(URI.class, URI.create("https://example.com/a"));
    ALL.put(InputStream.class, InputStream.nullInputStream());
    ALL.put(PrintStream.class, new PrintStream(OutputStream.nullOutputStream()));
    ALL.put(UnaryOperator.class, UnaryOperator.identity());
    ALL.put(System.Logger.class, System.getLogger("a"));
    ALL.put(BuildListener.class, BuildListener.NONE);
    ALL.put(Command.class, Command.exec("true"));
    ALL.put(CopyImageOptions.class, CopyImageOptions.DEFAULT);
    ALL.put(Mount.class, Mount.tmpfs("/tmp"));
    ALL.put(Network.class, Network.HOST);
    ALL.put(PruneOptions.class, PruneOptions.DEFAULT);
    ALL.put(PullOptions.class, PullOptions.DEFAULT);
    ALL.put(PushOptions.class, PushOptions.DEFAULT);
    ALL.put(Resources.class, Resources.UNLIMITED);
    ALL.put(SaveOptions.class, SaveOptions.ociArchive());
    ALL.put(Seccomp.class, Seccomp.UNCONFINED);
    ALL.put(Secret.class, Secret.of("a", new byte[0]));
    ALL.put(Security.class, Security.DEFAULT);
    ALL.put(Digest.class, Digest.sha256(new byte[0]));
    ALL.put(Healthcheck.class, Healthcheck.of(List.of("NONE")));
    ALL.put(ImageLimits.class, ImageLimits.DEFAULT);
    ALL.put(CompressionParameters.class, CompressionParameters.DEFAULT);
    ALL.put(CredentialsProvider.class, CredentialsProvider.NONE);
    ALL.put(Platform.class, Platform.current());
    ALL.put(RegistriesConf.class, RegistriesConf.EMPTY);
  }

  private SampleValues() {}

  static void put(Class<?> type, Object value) {
    ALL.put(type, value);
  }

  /** One of a type; null if none is known. */
  static Object of(Class<?> type) {
    Object known = ALL.get(type);
    if (known != null) {
      return known;
    }
    if (type.isEnum()) {
      return type.getEnumConstants()[0];
    }
    return type.isArray() ? array(type.getComponentType(), of(type.getComponentType())) : null;
  }

  private static Object array(Class<?> type, Object element) {
    Object array = Array.newInstance(type, element == null ? 0 : 1);
    if (element != null) {
      Array.set(array, 0, element);
    }
    return array;
  }
}

package dev.cooper.oci.registry;

import dev.cooper.oci.ContentException;
import dev.cooper.oci.ImageLimits;
import dev.cooper.oci.Json;
import dev.cooper.oci.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads lists that come in pages, each with a Link to the next (RFC 8288). */
final class Pages {
  /** A list is held in memory; whoever gives more means no good. */
  private static final int MAX_ENTRIES = 1_000_000;

  private static final int MAX_PAGES = 100_000;

  /** What an entry takes of the heap besides what it takes on the wire. */
  private static final int ENTRY = 64;

  /** A quarter of a gigabyte, or an eighth of a small heap: more than any list in use. */
  private static final long MOST_MEMORY = 1L << 28;

  private static final int SHARE_OF_HEAP = 8;
  private static final Pattern NEXT = Pattern.compile("<([^<>]*)>([^<]*)");
  private static final Pattern IS_NEXT = Pattern.compile(";\\s*rel\\s*=\\s*\"?next\"?\\b");

  private final RegistryHost host;
  private final String repository;

  Pages(RegistryHost host, String repository) {
    this.host = host;
    this.repository = repository;
  }

  /** Does something with a page. */
  @FunctionalInterface
  interface Page {
    /** Returns how many entries it had. */
    int read(Response page) throws IOException;
  }

  /** The texts of an array in each page. */
  List<String> strings(Call first, String field) throws IOException {
    List<String> all = new ArrayList<>();
    each(
        first,
        page -> {
          JsonObject json = Json.parse(page.bytes(), Redaction.url(page.uri()));
          List<String> some = json.strings(field); // null, as some registries write it, is none
          all.addAll(some);
          return some.size();
        });
    return all;
  }

  /** Reads all pages; those after the first have to be at the registry itself. */
  void each(Call first, Page reader) throws IOException {
    Set<URI> seen = new HashSet<>();
    int entries = 0;
    long memory = 0;
    Call call = first;
    while (true) {
      URI next;
      try (Response page =
          host.document(call, repository, ImageLimits.DEFAULT, host.tries(), 200)) {
        int some = reader.read(page);
        entries += some;
        memory += page.bytes().length + (long) ENTRY * some;
        requireRoom(page.uri(), memory, entries);
        next = next(page).orElse(null);
      }
      if (next == null) {
        return;
      }
      if (!seen.add(next) || seen.size() > MAX_PAGES || entries > MAX_ENTRIES) {
        throw new ContentException(
            String.format(
                Locale.ROOT,
                "GET %s: found a list without an end, after %d entries",
                Redaction.url(next),
                entries));
      }
      call = at(next, first);
    }
  }

  /** What a list takes counts in bytes as well: a page may hold few entries of a megabyte each. */
  private static void requireRoom(URI page, long memory, int entries) {
    long most = Math.min(MOST_MEMORY, Runtime.getRuntime().maxMemory() / SHARE_OF_HEAP);
    if (memory > most) {
      throw new ContentException(
          String.format(
              Locale.ROOT,
              "GET %s: found a list whose %d entries take over %d bytes of memory: if it is to be"
                  + " trusted, give the JVM more, with -Xmx",
              Redaction.url(page),
              entries,
              most));
    }
  }

  private static Call at(URI next, Call first) {
    Call call = Call.to("GET", next, first.scopes());
    for (java.util.Map.Entry<String, String> each : first.headers().entrySet()) {
      call = call.with(each.getKey(), each.getValue());
    }
    return call;
  }

  private Optional<URI> next(Response page) throws IOException {
    for (String header : page.headers("Link")) {
      Matcher link = NEXT.matcher(header);
      while (link.find()) {
        if (IS_NEXT.matcher(link.group(2)).find()) {
          return Optional.of(own(page, link.group(1)));
        }
      }
    }
    return Optional.empty();
  }

  private URI own(Response page, String link) throws IOException {
    @Nullable URI next;
    try {
      next = RelativeUrl.resolve(page.uri(), link);
    } catch (URISyntaxException e) {
      throw new ContentException(
          "GET " + Redaction.url(page.uri()) + ": found a Link that is no URL", e);
    }
    if (next.getHost() == null || !RegistryHost.isOwn(host.base(), next)) {
      throw new ContentException(
          "GET "
              + Redaction.url(page.uri())
              + ": found a Link to another host: "
              + Redaction.url(next));
    }
    return next;
  }
}

package dev.cooper.transfer;

import dev.cooper.io.BoundedInputStream;
import dev.cooper.io.Io;
import dev.cooper.oci.Digest;
import dev.cooper.oci.ImageLimits;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.compress.DigestingOutputStream;
import dev.cooper.oci.registry.RegistryClient;
import dev.cooper.text.Urls;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import org.jspecify.annotations.Nullable;

/** Fetches what ADD names by its URL. */
public final class Downloads {
  private Downloads() {}

  /** The last part of a URL's path. */
  public static String name(URI url) {
    String path = url.getPath() == null ? "" : url.getPath();
    String name = path.substring(path.lastIndexOf('/') + 1);
    if (name.isEmpty() || name.equals(".") || name.equals("..") || name.indexOf(0) >= 0) {
      throw new IllegalArgumentException(
          "the URL " + Urls.redacted(url) + " names no file: give the destination a file's name");
    }
    return name;
  }

  /** Gives what reads files from servers, once it is needed. */
  @FunctionalInterface
  public interface Source {
    RegistryClient get() throws IOException;
  }

  /** Fetches into a file, and checks it. */
  public static void fetch(
      URI url, Path file, @Nullable String checksum, ImageLimits limits, Source client) {
    String scheme = String.valueOf(url.getScheme());
    if (!scheme.equals("https") && !scheme.equals("http")) {
      throw new IllegalArgumentException(
          "cannot add \""
              + Urls.redacted(url)
              + "\": expected an http or https URL; a file of the host is added by its path");
    }
    if (url.getRawAuthority() == null) {
      throw new IllegalArgumentException(
          "cannot add \"" + Urls.redacted(url) + "\": it names no host");
    }
    if (url.getUserInfo() != null) {
      throw new IllegalArgumentException(
          "the URL "
              + Urls.redacted(url)
              + " holds credentials, which would end in the image's history: leave them out");
    }
    @Nullable Digest expected = checksum == null ? null : Digest.parse(checksum);
    Io.run(
        "cannot add " + Urls.redacted(url),
        () -> {
          client
              .get()
              .file(
                  url,
                  (body, lastModified) -> {
                    store(url, bounded(url, body, limits), file, expected);
                    // As the Dockerfile says: the file's time is what the server says of it.
                    Files.setLastModifiedTime(
                        file, lastModified.map(Downloads::time).orElse(FileTime.fromMillis(0)));
                  });
          return true;
        });
  }

  private static InputStream bounded(URI url, InputStream body, ImageLimits limits) {
    return new BoundedInputStream(body, Urls.redacted(url), "layerBytes", limits.layerBytes());
  }

  private static void store(URI url, InputStream body, Path file, @Nullable Digest expected)
      throws IOException {
    try (DigestingOutputStream out = new DigestingOutputStream(Files.newOutputStream(file))) {
      body.transferTo(out);
      out.flush();
      if (expected != null && !expected.equals(out.digest())) {
        throw new OperationException(
            "what "
                + Urls.redacted(url)
                + " holds is not what was expected: found "
                + out.digest()
                + ", expected "
                + expected);
      }
    }
  }

  private static FileTime time(String header) {
    try {
      return FileTime.from(
          ZonedDateTime.parse(header, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant());
    } catch (DateTimeParseException e) {
      return FileTime.fromMillis(0);
    }
  }
}

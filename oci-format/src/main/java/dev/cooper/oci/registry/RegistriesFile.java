package dev.cooper.oci.registry;

import dev.cooper.oci.Text;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What one registries.conf or drop-in says.
 *
 * @param search the {@code unqualified-search-registries}, or null if it does not say
 * @param helpers the {@code credential-helpers}, or null if it does not say
 * @param mode the {@code short-name-mode}, or null if it does not say
 * @param rules by the {@code [[registry]]} tables
 * @param aliases names by short names; an empty one erases
 */
record RegistriesFile(
    @Nullable List<String> search,
    @Nullable List<String> helpers,
    @Nullable ShortNameMode mode,
    List<RegistryRule> rules,
    Map<String, String> aliases) {
  private static final int MAX_BYTES = 4 << 20;
  private static final String SEARCH = "unqualified-search-registries";
  private static final String USE = "pull-from-mirror";

  /**
   * Reads a file.
   *
   * @return empty if it is not there
   * @throws dev.cooper.oci.ContentException naming file and place, if it is malformed
   */
  static Optional<RegistriesFile> read(Path path) throws IOException {
    Optional<byte[]> bytes = SettingsFiles.read(path, MAX_BYTES);
    return bytes.isEmpty() ? Optional.empty() : Optional.of(parse(path, bytes.get()));
  }

  /** The same, of a file's bytes. */
  static RegistriesFile parse(Path path, byte[] bytes) throws IOException {
    SettingsObject file = SettingsObject.toml(path.toString(), bytes);
    if (file.has("registries")) {
      throw file.malformed(
          "registries",
          "found version 1 of the format; write "
              + SEARCH
              + " and [[registry]] instead, as in containers-registries.conf(5)");
    }
    Optional<List<String>> search = file.texts(SEARCH);
    return new RegistriesFile(
        search.map(list -> file.checked(SEARCH, () -> ShortNames.search(list))).orElse(null),
        file.texts("credential-helpers").orElse(null),
        mode(file),
        rules(file),
        aliases(file));
  }

  private static @Nullable ShortNameMode mode(SettingsObject file) {
    String word = file.text("short-name-mode").orElse("");
    return word.isEmpty() ? null : choice(file, "short-name-mode", word, ShortNameMode.values());
  }

  private static <T> T choice(SettingsObject from, String name, String word, T[] choices) {
    for (T each : choices) {
      if (each.toString().equals(word)) {
        return each;
      }
    }
    throw from.malformed(
        name, "found " + Text.quote(word) + ", expected one of " + Arrays.toString(choices));
  }

  private static Map<String, String> aliases(SettingsObject file) {
    Map<String, String> aliases = new LinkedHashMap<>();
    Optional<SettingsObject> table = file.object("aliases");
    if (table.isPresent()) {
      for (String name : table.get().names()) {
        String value = table.get().text(name).orElse("");
        aliases.put(name, table.get().checked(name, () -> ShortNames.requireAlias(name, value)));
      }
    }
    return aliases;
  }

  private static List<RegistryRule> rules(SettingsObject file) {
    List<RegistryRule> rules = new ArrayList<>();
    for (SettingsObject table : file.objects("registry")) {
      RegistryRule rule = rule(table);
      for (RegistryRule other : rules) {
        requireAgreement(table, rule, other);
      }
      rules.add(rule);
    }
    return rules;
  }

  private static RegistryRule rule(SettingsObject table) {
    String location = table.text("location").orElse("");
    String prefix = table.text("prefix").orElse(location);
    if (prefix.isEmpty()) {
      throw table.malformed("has neither a prefix nor a location");
    }
    if (location.isEmpty() && !prefix.startsWith("*.")) {
      throw table.malformed("has a prefix and no location, which only \"*.host\" can go without");
    }
    if (table.has(USE)) {
      throw table.malformed(USE, "can be said of a mirror alone");
    }
    List<RegistryMirror> mirrors =
        table.objects("mirror").stream().map(RegistriesFile::mirror).toList();
    return table.checked(
        () ->
            new RegistryRule(
                prefix,
                location.equals(prefix) ? "" : location,
                table.flag("insecure"),
                table.flag("blocked"),
                table.flag("mirror-by-digest-only"),
                mirrors));
  }

  private static RegistryMirror mirror(SettingsObject table) {
    String location = table.text("location").orElse("");
    if (location.isEmpty()) {
      throw table.malformed("has no location");
    }
    String word = table.text(USE).orElse("");
    RegistryMirror.Use use =
        word.isEmpty()
            ? RegistryMirror.Use.ALL
            : choice(table, USE, word, RegistryMirror.Use.values());
    return table.checked(() -> new RegistryMirror(location, table.flag("insecure"), use));
  }

  /** One place that is both secure and not, or blocked and not, is a mistake. */
  private static void requireAgreement(SettingsObject table, RegistryRule one, RegistryRule other) {
    boolean same = one.place().equals(other.place());
    if (same && (one.insecure() != other.insecure() || one.blocked() != other.blocked())) {
      throw table.malformed(
          "contradicts another one of " + one.place() + " in insecure or blocked");
    }
  }
}

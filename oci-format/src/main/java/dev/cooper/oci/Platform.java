package dev.cooper.oci;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What an image runs on, in Go's words ({@code linux}, {@code amd64}).
 *
 * <p>Source: OCI image-spec, "Image Index Property Descriptions: platform". Compared by {@link
 * #matches}; {@code equals} compares letter by letter.
 *
 * @param os such as {@code linux}; empty where a config leaves it out
 * @param architecture such as {@code arm64}; empty where a config leaves it out
 * @param variant such as {@code v8}, or null
 * @param osVersion of Windows, or null
 * @param osFeatures such as {@code win32k}; mostly empty
 * @param extra fields that this library does not know, such as Docker's {@code features}, as plain
 *     Java values; none in a config's platform
 */
public record Platform(
    String os,
    String architecture,
    @Nullable String variant,
    @Nullable String osVersion,
    List<String> osFeatures,
    Map<String, @Nullable Object> extra) {
  private static final Set<String> KEYS =
      Set.of("architecture", "os", "variant", "os.version", "os.features");

  private static final Pattern PART = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]*");
  private static final Set<String> SYSTEMS =
      Set.of("linux", "windows", "darwin", "freebsd", "netbsd", "openbsd");
  private static final Map<String, String> ALIASES =
      Map.of(
          "x86_64", "amd64",
          "x86-64", "amd64",
          "aarch64", "arm64",
          "i386", "386",
          "i686", "386",
          "x86", "386",
          "loongarch64", "loong64");

  /** The variant that is meant where none is given. */
  private static final Map<String, String> DEFAULT_VARIANTS =
      Map.of("arm64", "v8", "arm", "v7", "amd64", "v1");

  /** The variants of an architecture, each running what is made for those after it. */
  private static final Map<String, List<String>> COMPATIBLE =
      Map.of(
          "arm", List.of("v8", "v7", "v6", "v5"),
          "arm64", List.of("v8"),
          "amd64", List.of("v4", "v3", "v2", "v1"));

  /**
   * Copies the list; an empty variant or version counts as none.
   *
   * @param os such as {@code linux}
   * @param architecture such as {@code arm64}
   * @param variant such as {@code v8}, or null
   * @param osVersion of Windows, or null
   * @param osFeatures such as {@code win32k}; mostly empty
   * @param extra fields that this library does not know, as plain Java values
   * @throws IllegalArgumentException if an extra field is one of the others, or no JSON value
   */
  public Platform {
    variant = variant == null || variant.isEmpty() ? null : variant;
    osVersion = osVersion == null || osVersion.isEmpty() ? null : osVersion;
    osFeatures = List.copyOf(osFeatures);
    extra = Json.freezeExtra(extra, KEYS);
  }

  /**
   * A platform without extra fields.
   *
   * @param os such as {@code linux}
   * @param architecture such as {@code arm64}
   * @param variant such as {@code v8}, or null
   * @param osVersion of Windows, or null
   * @param osFeatures such as {@code win32k}; mostly empty
   */
  public Platform(
      String os,
      String architecture,
      @Nullable String variant,
      @Nullable String osVersion,
      List<String> osFeatures) {
    this(os, architecture, variant, osVersion, osFeatures, Map.of());
  }

  /**
   * A platform without a variant.
   *
   * @param os such as {@code linux}
   * @param architecture such as {@code arm64}
   * @return the platform
   */
  public static Platform of(String os, String architecture) {
    return new Platform(os, architecture, null, null, List.of());
  }

  /**
   * Linux on this machine's processor, whatever this machine's own system is: what containers run.
   *
   * @return {@code linux} and Go's name of the JVM's architecture
   */
  public static Platform current() {
    String arch = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
    return of("linux", ALIASES.getOrDefault(arch, arch));
  }

  /**
   * Reads {@code os/architecture[/variant]}, as {@code --platform} takes it.
   *
   * <p>A system alone means this machine's architecture, an architecture alone means Linux; the
   * usual aliases ({@code x86_64}, {@code aarch64}, {@code armhf}) are understood.
   *
   * @param text such as {@code linux/arm64/v8}
   * @return the platform
   * @throws ContentException if it has another form
   */
  public static Platform parse(String text) {
    String[] parts = text.toLowerCase(Locale.ROOT).split("/", -1);
    for (String part : parts) {
      if (parts.length > 3 || !PART.matcher(part).matches()) {
        throw new ContentException(
            "platform "
                + Text.quote(text)
                + ": expected os/architecture or os/architecture/variant");
      }
    }
    if (parts.length == 1) {
      return SYSTEMS.contains(parts[0])
          ? of(parts[0], current().architecture)
          : normal("linux", parts[0], null);
    }
    return normal(parts[0], parts[1], parts.length == 3 ? parts[2] : null);
  }

  private static Platform normal(String os, String architecture, @Nullable String variant) {
    String system = os.equals("macos") ? "darwin" : os;
    if (architecture.equals("armhf") || architecture.equals("armel")) {
      String version = architecture.equals("armhf") ? "v7" : "v6";
      return new Platform(system, "arm", version, null, List.of());
    }
    return new Platform(
        system, ALIASES.getOrDefault(architecture, architecture), variant, null, List.of());
  }

  /**
   * Whether an image for another platform is or does what is asked for by this one.
   *
   * <p>System and architecture have to be the same, and the variant one that this one's runs, where
   * a missing one means the architecture's usual ({@code arm/v7}, {@code arm64/v8}, {@code
   * amd64/v1}). The system's version counts only if this platform names one, and of Windows only
   * the build; each feature that this one names has to be there. {@link Index#select} takes the
   * best.
   *
   * @param image what an index or a config says
   * @return true if it may be taken
   */
  public boolean matches(Platform image) {
    return distance(image).isPresent();
  }

  private String effectiveVariant() {
    return variant == null || variant.isEmpty()
        ? DEFAULT_VARIANTS.getOrDefault(architecture, "")
        : variant;
  }

  /** The variants that run an image for this platform, the best one first. */
  private List<String> variants() {
    String own = effectiveVariant();
    List<String> order = COMPATIBLE.getOrDefault(architecture, List.of());
    int at = order.indexOf(own);
    if (at >= 0) {
      return order.subList(at, order.size());
    }
    // An arm64/v9 runs what is made for v8; of others nobody knows.
    return architecture.equals("arm64") ? List.of(own, "v8") : List.of(own);
  }

  /**
   * How far an image is from what this platform asks for.
   *
   * @return 0 for just that, more for what runs too; empty for what does not
   */
  OptionalInt distance(Platform image) {
    List<String> variants = variants();
    int variant = variants.indexOf(image.effectiveVariant());
    if (variant < 0 && image.variant == null) {
      variant = variants.size(); // it says nothing: the last resort
    }
    int version = versionDistance(image);
    boolean runs =
        os.equals(image.os)
            && architecture.equals(image.architecture)
            && variant >= 0
            && version >= 0
            && image.osFeatures.containsAll(osFeatures);
    int spelling = Objects.equals(variant(), image.variant) ? 0 : 1;
    return runs ? OptionalInt.of(4 * variant + 2 * version + spelling) : OptionalInt.empty();
  }

  /** A Windows runs images of its own build, whatever their revision. */
  private int versionDistance(Platform image) {
    if (osVersion == null || osVersion.equals(image.osVersion)) {
      return 0;
    }
    boolean sameBuild =
        os.equals("windows")
            && image.osVersion != null
            && build(osVersion).equals(build(image.osVersion));
    return sameBuild ? 1 : -1;
  }

  private static List<String> build(String version) {
    List<String> parts = List.of(version.split("\\."));
    return parts.subList(0, Math.min(3, parts.size()));
  }

  /** What is said of images that are none, such as attestations. */
  boolean isUnknown() {
    return os.equals("unknown") || architecture.equals("unknown");
  }

  /**
   * A copy for another variant of the architecture.
   *
   * @param variant such as {@code v7}, or null for none
   * @return the copy
   */
  public Platform withVariant(@Nullable String variant) {
    return new Platform(os, architecture, variant, osVersion, osFeatures, extra);
  }

  /**
   * A copy for another version of the system.
   *
   * @param osVersion such as {@code 10.0.17763.1}, or null for none
   * @return the copy
   */
  public Platform withOsVersion(@Nullable String osVersion) {
    return new Platform(os, architecture, variant, osVersion, osFeatures, extra);
  }

  /** The platform among a config's fields, of which it takes its own. */
  static Platform within(JsonObject config) {
    return new Platform(
        config.stringOr("os", ""),
        config.stringOr("architecture", ""),
        config.optionalString("variant"),
        config.optionalString("os.version"),
        config.strings("os.features"));
  }

  /** The platform that is an object of its own. */
  static Platform from(JsonObject json) {
    Platform own = within(json);
    return new Platform(
        own.os, own.architecture, own.variant, own.osVersion, own.osFeatures, json.rest());
  }

  void write(JsonFields fields) {
    fields
        .put("architecture", architecture)
        .put("os", os)
        .add("os.version", osVersion)
        .add("os.features", osFeatures)
        .add("variant", variant);
  }

  /** The usual form, {@code os/architecture[/variant]}. */
  @Override
  public String toString() {
    return os + "/" + architecture + (variant == null ? "" : "/" + variant);
  }
}

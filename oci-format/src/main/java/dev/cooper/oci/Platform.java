package dev.cooper.oci;

import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
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

  /** Go's GOOS. */
  private static final Set<String> SYSTEMS =
      Set.of(
          "aix",
          "android",
          "darwin",
          "dragonfly",
          "freebsd",
          "hurd",
          "illumos",
          "ios",
          "js",
          "linux",
          "nacl",
          "netbsd",
          "openbsd",
          "plan9",
          "solaris",
          "wasip1",
          "windows",
          "zos");

  /** Go's GOARCH. */
  private static final Set<String> ARCHITECTURES =
      Set.of(
          "386",
          "amd64",
          "amd64p32",
          "arm",
          "armbe",
          "arm64",
          "arm64be",
          "loong64",
          "mips",
          "mipsle",
          "mips64",
          "mips64le",
          "mips64p32",
          "mips64p32le",
          "ppc",
          "ppc64",
          "ppc64le",
          "riscv",
          "riscv64",
          "s390",
          "s390x",
          "sparc",
          "sparc64",
          "wasm");

  private static final Map<String, String> ALIASES =
      Map.of(
          "x86_64", "amd64",
          "x86-64", "amd64",
          "aarch64", "arm64",
          "i386", "386",
          "i686", "386",
          "x86", "386",
          "loongarch64", "loong64");

  /** The architecture and the variant in one word, as {@code uname -m} and packages have them. */
  private static final Pattern ARM_VERSION = Pattern.compile("armv([5-8])[a-z]*");

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
   * usual aliases ({@code x86_64}, {@code aarch64}, {@code armhf}, {@code armv7l}, {@code arm/7})
   * are understood. What Go has no name for is refused.
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
    boolean system = parts.length == 1 && SYSTEMS.contains(systemName(parts[0]));
    Platform platform =
        system
            ? of(parts[0], current().architecture)
            : parts.length == 1
                ? of("linux", parts[0])
                : of(parts[0], parts[1]).withVariant(parts.length == 3 ? parts[2] : null);
    return platform.normal().requireKnown(text);
  }

  /**
   * Go's names for the same platform, as containerd normalises what it reads: an alias of an
   * architecture ({@code aarch64}, {@code armhf}, {@code armv7l}) and a variant without its v
   * ({@code arm/7}).
   */
  Platform normal() {
    Matcher arm = ARM_VERSION.matcher(architecture);
    String goes = architecture;
    String version = variant;
    if (arm.matches()) {
      goes = arm.group(1).equals("8") ? "arm64" : "arm";
      version = version == null ? "v" + arm.group(1) : version;
    } else if (architecture.equals("armhf") || architecture.equals("armel")) {
      goes = "arm";
      version = architecture.equals("armhf") ? "v7" : "v6";
    }
    goes = ALIASES.getOrDefault(goes, goes);
    if (version != null && DEFAULT_VARIANTS.containsKey(goes) && version.matches("[0-9.]+")) {
      version = "v" + version;
    }
    return new Platform(systemName(os), goes, version, osVersion, osFeatures, extra);
  }

  private static String systemName(String os) {
    return os.equals("macos") ? "darwin" : os;
  }

  private Platform requireKnown(String text) {
    if (!SYSTEMS.contains(os)) {
      throw unknown(text, "system", os, "GOOS", "linux");
    }
    if (!ARCHITECTURES.contains(architecture)) {
      throw unknown(text, "architecture", architecture, "GOARCH", "amd64 or arm64");
    }
    return this;
  }

  private static ContentException unknown(
      String text, String what, String found, String list, String such) {
    return new ContentException(
        String.format(
            Locale.ROOT,
            "platform %s: found the %s %s, expected one of Go's %s, such as %s",
            Text.quote(text),
            what,
            found,
            list,
            such));
  }

  /**
   * Checks that an index can hold images for all of these: each platform once, as clients take the
   * first that fits, and never the other.
   *
   * @param platforms of the images, in their order
   * @throws OperationException naming the platform that is there twice
   */
  public static void requireDistinct(Collection<Platform> platforms) {
    Set<List<Object>> seen = new HashSet<>();
    for (Platform each : platforms) {
      if (!each.isUnknown() && !seen.add(each.identity())) {
        throw twice(each);
      }
    }
  }

  static OperationException twice(Platform platform) {
    return new OperationException(
        "cannot put two images for "
            + platform
            + " into one index: clients take the first alone; leave one out");
  }

  /**
   * Whether no client tells another platform from this one: {@code arm64} and {@code arm64/v8} are
   * one, {@code arm/v6} and {@code arm/v7} are two.
   *
   * @param other another
   * @return true if an image for the other one takes the place of one for this
   */
  public boolean isSame(Platform other) {
    return !isUnknown() && identity().equals(other.identity());
  }

  private List<Object> identity() {
    Platform normal = normal();
    return List.of(
        normal.os,
        normal.architecture,
        normal.effectiveVariant(),
        String.valueOf(osVersion),
        new TreeSet<>(osFeatures));
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
    Platform wanted = normal();
    Platform there = image.normal();
    OptionalInt distance = wanted.normalDistance(there);
    boolean sameSpelling = Objects.equals(wanted.variant, image.variant) && there.isNamed(image);
    return sameSpelling || distance.isEmpty() ? distance : OptionalInt.of(distance.getAsInt() + 1);
  }

  private boolean isNamed(Platform other) {
    return os.equals(other.os) && architecture.equals(other.architecture);
  }

  private OptionalInt normalDistance(Platform image) {
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
    return runs ? OptionalInt.of(4 * variant + 2 * version) : OptionalInt.empty();
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

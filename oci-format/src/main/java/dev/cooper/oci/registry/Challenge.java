package dev.cooper.oci.registry;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a server wants to see before it answers. Source: RFC 7235, "WWW-Authenticate".
 *
 * @param scheme in lower case, such as {@code bearer}
 * @param parameters by their names in lower case
 */
record Challenge(String scheme, Map<String, String> parameters) {
  private static final int MAX = 8192;
  private static final String TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
  private static final Pattern PARAMETER =
      Pattern.compile(
          "\\G[\\s,]*(" + TOKEN + ")\\s*=\\s*(?:\"((?:[^\"\\\\]|\\\\.)*+)\"|(" + TOKEN + "))");

  /** A scheme is a word that no equals sign follows. */
  private static final Pattern SCHEME =
      Pattern.compile("\\G[\\s,]*(" + TOKEN + ")(?!\\s*=)(?:\\s+|,|$)");

  /** Reads all challenges of a response; what is malformed ends its header's. */
  static List<Challenge> parse(List<String> headers) {
    List<Challenge> all = new ArrayList<>();
    for (String header : headers) {
      if (header.length() <= MAX) {
        parse(header, all);
      }
    }
    return all;
  }

  private static void parse(String header, List<Challenge> all) {
    int at = 0;
    Matcher scheme = SCHEME.matcher(header);
    while (at < header.length() && scheme.find(at) && scheme.start() == at) {
      at = scheme.end();
      Map<String, String> parameters = new LinkedHashMap<>();
      Matcher parameter = PARAMETER.matcher(header);
      while (at < header.length() && parameter.find(at) && parameter.start() == at) {
        parameters.putIfAbsent(parameter.group(1).toLowerCase(Locale.ROOT), value(parameter));
        at = parameter.end();
      }
      all.add(new Challenge(scheme.group(1).toLowerCase(Locale.ROOT), parameters));
    }
  }

  private static String value(Matcher parameter) {
    String quoted = parameter.group(2);
    return quoted == null ? parameter.group(3) : quoted.replaceAll("\\\\(.)", "$1");
  }

  String parameter(String name) {
    return parameters.getOrDefault(name, "");
  }
}

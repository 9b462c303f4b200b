package dev.cooper.step;

import dev.cooper.command.Command;
import dev.cooper.command.Mount;
import dev.cooper.command.Network;
import dev.cooper.text.Instruction;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What a RUN says before its command. */
final class RunFlags {
  private RunFlags() {}

  static List<String> of(Command command) {
    List<String> flags = new ArrayList<>();
    for (Mount each : command.mounts()) {
      flags.add("--mount=" + Instruction.word(String.join(",", fields(each))));
    }
    Network network = command.network();
    if (network != null) {
      flags.add(
          "--network="
              + switch (network.mode()) {
                case HOST -> "host";
                case NONE -> "none";
                case PRIVATE -> "default";
              });
    }
    return flags;
  }

  private static List<String> fields(Mount mount) {
    List<String> fields = new ArrayList<>();
    if (mount instanceof Mount.Bind bind) {
      Path name = bind.source().getFileName();
      fields.add("type=bind");
      fields.add(field("source", name == null ? "." : name.toString()));
      fields.add(field("target", bind.target()));
      if (!bind.readOnly()) {
        fields.add("rw");
      }
    } else if (mount instanceof Mount.Cache cache) {
      fields.add("type=cache");
      if (!cache.id().equals(cache.target())) {
        fields.add(field("id", cache.id()));
      }
      fields.add(field("target", cache.target()));
    } else if (mount instanceof Mount.Tmpfs tmpfs) {
      fields.add("type=tmpfs");
      fields.add(field("target", tmpfs.target()));
      if (tmpfs.size() != 0) {
        fields.add("size=" + tmpfs.size());
      }
    } else if (mount instanceof Mount.SecretFile secret) {
      fields.add("type=secret");
      fields.add(field("id", secret.secret().id()));
      fields.add(field("target", secret.target()));
    }
    return fields;
  }

  /** A field of CSV (RFC 4180). */
  private static String field(String name, String value) {
    String whole = name + "=" + value;
    return whole.matches("[^,\"\r\n]*") ? whole : '"' + whole.replace("\"", "\"\"") + '"';
  }
}

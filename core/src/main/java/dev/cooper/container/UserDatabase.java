package dev.cooper.container;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.oci.layer.TarEntry;
import dev.cooper.spi.RootView;
import dev.cooper.tree.PathResolver;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The users and groups of a root filesystem, by its own {@code /etc/passwd} and {@code /etc/group}.
 *
 * <p>They are parsed, and nothing of the root is loaded or run (CVE-2019-14271). Immutable.
 * Sources: passwd(5), group(5); Dockerfile reference, USER and COPY --chown.
 */
final class UserDatabase {
  private static final String PASSWD = "/etc/passwd";
  private static final String GROUP = "/etc/group";

  /** What of a root it is read from. */
  static final List<ByteString> FILES =
      List.of(ByteString.utf8(PASSWD.substring(1)), ByteString.utf8(GROUP.substring(1)));

  private static final int MAX_FILE = 1 << 20;
  private static final long MAX_ID = Integer.MAX_VALUE;
  private static final String ROOT = "root";
  private static final Pattern NUMBER = Pattern.compile("-?[0-9]+");

  private final List<Account> accounts;
  private final List<Group> groups;

  private UserDatabase(List<Account> accounts, List<Group> groups) {
    this.accounts = accounts;
    this.groups = groups;
  }

  private record Account(String name, long uid, long gid, String home) {}

  private record Group(String name, long gid, List<String> members) {}

  /**
   * Who a process runs as.
   *
   * @param uid user id
   * @param gid group id
   * @param groups supplementary group ids, the primary one first
   * @param home an absolute path, {@code /} if none is known
   * @param name the user's name, or empty if the root has none for the id
   */
  record User(long uid, long gid, List<Long> groups, String home, String name) {
    User {
      groups = List.copyOf(groups);
    }
  }

  /**
   * Who a file belongs to.
   *
   * @param uid user id
   * @param gid group id
   */
  record Owner(long uid, long gid) {
    static final Owner ROOT = new Owner(0, 0);
  }

  /**
   * Reads a root's files; one that is not there, or no regular file, has nothing in it.
   *
   * @throws OperationException if one is larger than 1 MiB
   */
  static UserDatabase of(RootView root) {
    List<Account> accounts = new ArrayList<>();
    for (String[] fields : lines(root, PASSWD)) {
      Long uid = fields.length > 3 ? id(fields[2]) : null;
      Long gid = fields.length > 3 ? id(fields[3]) : null;
      if (uid != null && gid != null && !fields[0].isEmpty()) {
        String home = fields.length > 5 ? fields[5] : "";
        accounts.add(new Account(fields[0], uid, gid, home.startsWith("/") ? home : "/"));
      }
    }
    List<Group> groups = new ArrayList<>();
    for (String[] fields : lines(root, GROUP)) {
      Long gid = fields.length > 2 ? id(fields[2]) : null;
      if (gid != null && !fields[0].isEmpty()) {
        String members = fields.length > 3 ? fields[3] : "";
        groups.add(new Group(fields[0], gid, List.of(members.split(","))));
      }
    }
    return new UserDatabase(accounts, groups);
  }

  private static List<String[]> lines(RootView root, String path) {
    PathResolver.Resolved file = PathResolver.resolve(root, ByteString.utf8(path));
    TarEntry entry = file.entry();
    if (entry == null || entry.type() != EntryType.FILE) {
      return List.of();
    }
    byte[] content = root.read(file.path(), MAX_FILE);
    if (content == null) {
      throw new OperationException(
          String.format(Locale.ROOT, "%s in the image: found more than %d bytes", path, MAX_FILE));
    }
    return new String(content, StandardCharsets.UTF_8)
        .lines()
        .map(line -> line.strip().split(":", -1))
        .toList();
  }

  /** An id of a line; a line with none that is valid counts as not there. */
  private static @Nullable Long id(String text) {
    if (text.isEmpty() || text.length() > 10 || !text.chars().allMatch(c -> c >= '0' && c <= '9')) {
      return null;
    }
    long id = Long.parseLong(text);
    return id <= MAX_ID ? id : null;
  }

  /**
   * Who a process runs as: the rule of USER.
   *
   * <p>Digits are always an id, even if the root has a user who is called so: what was written as
   * an unprivileged id must not become root (CVE-2016-3697). A user whom the root does not know has
   * group 0. Supplementary groups are the primary one (CVE-2022-2990, CVE-2023-25173) and those
   * that list the user; if a group is given, that one alone.
   *
   * @param spec {@code user}, {@code user:group} or {@code :group}, each by name or id; empty for
   *     root
   * @throws OperationException if a name is unknown, or an id is not within 0 to 2147483647
   */
  User running(String spec) {
    Parts parts = Parts.of(spec);
    Account account = account(parts.user().isEmpty() ? "0" : parts.user(), spec);
    List<Long> all = new ArrayList<>();
    if (parts.group().isEmpty()) {
      all.add(account.gid);
      all.addAll(memberships(account.name));
    } else {
      all.add(gid(parts.group(), spec));
    }
    return new User(
        account.uid, all.get(0), all.stream().distinct().toList(), account.home, account.name);
  }

  /**
   * Who owns what is made or copied: the rule of {@code --chown} and of WORKDIR's directories.
   *
   * <p>It differs from {@link #running}: a number that stands alone is the group too, whatever the
   * root's files say of it, and {@code root} is 0:0 where there are none.
   *
   * @param spec {@code user}, {@code user:group} or {@code :group}, each by name or id; empty for
   *     root
   * @throws OperationException if a name is unknown, or an id is not within 0 to 2147483647
   */
  Owner owning(String spec) {
    Parts parts = Parts.of(spec);
    Owner owner = owner(parts.user(), spec);
    if (parts.group().isEmpty()) {
      return owner;
    }
    return new Owner(owner.uid, parts.group().equals(ROOT) ? 0 : gid(parts.group(), spec));
  }

  private Owner owner(String user, String spec) {
    if (user.isEmpty() || user.equals(ROOT)) {
      return Owner.ROOT;
    }
    if (NUMBER.matcher(user).matches()) {
      long id = number(user, spec);
      return new Owner(id, id);
    }
    Account account = account(user, spec);
    return new Owner(account.uid, account.gid);
  }

  /** The two halves of a user's text; empty where it says nothing. */
  private record Parts(String user, String group) {
    static Parts of(String spec) {
      int colon = spec.indexOf(':');
      return colon < 0
          ? new Parts(spec, "")
          : new Parts(spec.substring(0, colon), spec.substring(colon + 1));
    }
  }

  private Account account(String user, String spec) {
    if (!NUMBER.matcher(user).matches()) {
      return accounts.stream()
          .filter(each -> each.name.equals(user))
          .findFirst()
          .orElseThrow(() -> unknown("user", user, PASSWD, spec));
    }
    long uid = number(user, spec);
    return accounts.stream()
        .filter(each -> each.uid == uid)
        .findFirst()
        .orElse(new Account("", uid, 0, "/"));
  }

  private long gid(String group, String spec) {
    if (NUMBER.matcher(group).matches()) {
      return number(group, spec);
    }
    return groups.stream()
        .filter(each -> each.name.equals(group))
        .findFirst()
        .orElseThrow(() -> unknown("group", group, GROUP, spec))
        .gid;
  }

  private List<Long> memberships(String name) {
    Predicate<Group> member = each -> !name.isEmpty() && each.members.contains(name);
    return groups.stream().filter(member).map(Group::gid).distinct().toList();
  }

  private static long number(String text, String spec) {
    Long id = id(text.replaceFirst("^0+(?=.)", ""));
    if (id == null) {
      throw new OperationException(
          String.format(
              Locale.ROOT,
              "user \"%s\": found the id %s, expected one from 0 to %d",
              spec,
              text,
              MAX_ID));
    }
    return id;
  }

  private static OperationException unknown(String what, String name, String file, String spec) {
    return new OperationException(
        String.format(
            Locale.ROOT,
            "user \"%s\": the image has no %s \"%s\" in its %s",
            spec,
            what,
            name,
            file));
  }
}

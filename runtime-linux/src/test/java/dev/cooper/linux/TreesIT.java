package dev.cooper.linux;

import static dev.cooper.linux.BusyboxHost.diff;
import static dev.cooper.linux.BusyboxHost.sh;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cooper.oci.ByteString;
import dev.cooper.oci.OperationException;
import dev.cooper.oci.layer.EntryType;
import dev.cooper.spi.Rootfs;
import dev.cooper.spi.TreeFilter;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Trees of the host as they are read, and changes as they become a layer.
 *
 * <pre>
 * tree
 * ├── a           "a"
 * ├── b           a hardlink of a
 * ├── d           0750
 * │   ├── e
 * │   │   └── f   "f"
 * │   └── g       "g"
 * ├── empty
 * ├── large       300,000 bytes
 * ├── out -> /etc
 * └── socket
 * </pre>
 */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class TreesIT {
  @RegisterExtension static final BusyboxHost HOST = new BusyboxHost();

  private final List<String> notices = new ArrayList<>();
  private Path tree;

  @BeforeEach
  void makeTree() throws IOException {
    tree = HOST.directory();
    Files.writeString(tree.resolve("a"), "a");
    Files.createLink(tree.resolve("b"), tree.resolve("a"));
    Files.createDirectories(tree.resolve("d/e"));
    Files.createDirectories(tree.resolve("empty"));
    Files.writeString(tree.resolve("d/e/f"), "f");
    Files.writeString(tree.resolve("d/g"), "g");
    Files.setPosixFilePermissions(tree.resolve("d"), PosixFilePermissions.fromString("rwxr-x---"));
    Files.write(tree.resolve("large"), ByteBuffer.allocate(300_000).putInt(299_996, 7).array());
    Files.createSymbolicLink(tree.resolve("out"), Path.of("/etc"));
    try (ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      socket.bind(UnixDomainSocketAddress.of(tree.resolve("socket")));
    }
  }

  private RecordedEntries read(Path path, TreeFilter filter) throws IOException {
    RecordedEntries read = new RecordedEntries();
    HOST.runtime().readHost(path, filter, read, notices::add);
    return read;
  }

  @Test
  void readHostWhenADirectoryIsGivenReadsAllOfItInOrder() throws IOException {
    RecordedEntries read = read(tree, TreeFilter.ALL);
    assertThat(read.paths())
        .containsExactly("", "a", "b", "d", "d/e", "d/e/f", "d/g", "empty", "large", "out");
    assertThat(read.entry("b").type()).isEqualTo(EntryType.HARDLINK);
    assertThat(read.entry("b").link()).isEqualTo(ByteString.utf8("a"));
    assertThat(read.entry("d").mode()).isEqualTo(0750);
    assertThat(read.entry("out").link()).isEqualTo(ByteString.utf8("/etc"));
    assertThat(read.content("d/e/f")).asString().isEqualTo("f");
    assertThat(ByteBuffer.wrap(read.content("large")).getInt(299_996)).isEqualTo(7);
    assertThat(notices).singleElement().asString().contains("socket");
  }

  @Test
  void readHostWhenAFileOrALinkIsGivenReadsWhatItIs() throws IOException {
    assertThat(read(tree.resolve("d/g"), TreeFilter.ALL).lines())
        .singleElement()
        .asString()
        .endsWith(" = g");
    assertThat(read(tree.resolve("d/g"), TreeFilter.ALL).paths()).containsExactly("");
    Path link = Files.createSymbolicLink(HOST.directory().resolve("link"), tree.resolve("d"));
    assertThat(read(link, TreeFilter.ALL).paths()).containsExactly("", "e", "e/f", "g");
    assertThatThrownBy(() -> read(tree.resolve("none"), TreeFilter.ALL))
        .isInstanceOf(OperationException.class)
        .hasMessageContaining("none");
  }

  @Test
  void readHostWhenDirectoriesAreOnlyDescendedHoldsThoseThatLeadSomewhere() throws IOException {
    TreeFilter onlyF =
        (path, directory) ->
            directory
                ? TreeFilter.Choice.DESCEND
                : path.latin1().endsWith("/f") ? TreeFilter.Choice.TAKE : TreeFilter.Choice.SKIP;
    assertThat(read(tree, onlyF).paths()).containsExactly("", "d", "d/e", "d/e/f");
    assertThat(read(tree, onlyF).entry("d").mode()).isEqualTo(0750);
    TreeFilter none =
        (path, directory) -> directory ? TreeFilter.Choice.DESCEND : TreeFilter.Choice.SKIP;
    assertThat(read(tree, none).paths()).containsExactly("");
    TreeFilter withoutD =
        (path, directory) ->
            path.latin1().equals("d") ? TreeFilter.Choice.SKIP : TreeFilter.Choice.TAKE;
    assertThat(read(tree, withoutD).paths()).containsExactly("", "a", "b", "empty", "large", "out");
  }

  @Test
  void sealWhenChangesAreLaidBelowBeginsWithoutAny() throws IOException {
    Path lower = HOST.layer(it -> it.directory("d").file("d/old", "old").file("gone", "gone"));
    Path directory = HOST.directory();
    List<Path> layers = new ArrayList<>(List.of(HOST.base(), lower));
    Path sealed;
    Rootfs root = HOST.mount(layers, directory);
    sh(root, "echo new >/d/new; rm /gone; rm -r /home; mkdir /home; echo in >/home/in");
    RecordedEntries changes = diff(root);
    sealed = root.seal(HOST.directory().resolve("sealed"));
    assertThatThrownBy(() -> root.entry(ByteString.utf8("d"))).hasMessageContaining("closed");
    layers.add(sealed);
    try (Rootfs again = HOST.mount(layers, directory)) {
      assertThat(sh(again, "cat /d/new /d/old /home/in; test -e /gone || echo hidden"))
          .isEqualTo("new\noldin\nhidden\n");
      assertThat(diff(again).entries).isEmpty();
      sh(again, "echo newer >/d/new; echo back >/gone");
      assertThat(diff(again).paths()).containsExactly("d", "d/new", "gone");
    }
    assertThat(changes.paths())
        .containsExactly("d", "d/new", ".wh.gone", "home", "home/.wh..wh..opq", "home/in");
  }

  /** As where containers are closed while something still copies into them. */
  @Test
  void deleteWhenOthersAddAndRemoveMeanwhileRemovesAll() throws Exception {
    for (int round = 0; round < 20; round++) {
      Path directory = Files.createDirectories(tree.resolve("busy/below"));
      CountDownLatch begun = new CountDownLatch(1);
      FutureTask<Integer> adding = new FutureTask<>(() -> add(directory, begun));
      new Thread(adding).start();
      begun.await();
      HOST.runtime().delete(tree.resolve("busy"));
      assertThat(adding.get()).isPositive();
      assertThat(tree.resolve("busy")).doesNotExist();
    }
  }

  /** They find it by whatever name it has meanwhile, but come to an end. */
  @Test
  void deleteWhenOthersAddToAnOpenDirectoryMeanwhileRemovesAll() throws Exception {
    Path directory = Files.createDirectories(tree.resolve("busy/below"));
    CountDownLatch begun = new CountDownLatch(1);
    FutureTask<Integer> adding = new FutureTask<>(() -> addToOpen(directory, begun));
    new Thread(adding).start();
    begun.await();
    HOST.runtime().delete(tree.resolve("busy"));
    assertThat(adding.get()).isPositive();
    assertThat(tree.resolve("busy")).doesNotExist();
    assertThat(tree).isDirectoryNotContaining("glob:**cooper-removed*");
  }

  private static int addToOpen(Path directory, CountDownLatch begun) throws IOException {
    int i = 0;
    try (SecureDirectoryStream<Path> open =
        (SecureDirectoryStream<Path>) Files.newDirectoryStream(directory)) {
      for (; i < 20_000; i++) {
        open.newByteChannel(Path.of("f" + i), Set.of(CREATE_NEW, WRITE)).close();
        begun.countDown();
      }
    } catch (NoSuchFileException gone) {
      return i;
    }
    return i;
  }

  /** Adds files, and removes some of them, until the directory has gone; how many. */
  private static int add(Path directory, CountDownLatch begun) throws IOException {
    int i = 0;
    try {
      for (; i < 20_000; i++) {
        Path file = Files.createFile(directory.resolve("f" + i));
        begun.countDown();
        if (i % 3 == 0) {
          Files.deleteIfExists(file);
        }
      }
    } catch (NoSuchFileException gone) {
      return i;
    }
    return i;
  }
}

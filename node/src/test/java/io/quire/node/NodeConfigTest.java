package io.quire.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.typesafe.config.ConfigFactory;
import io.quire.ager.Codec;
import io.quire.ager.StoreConfig;
import io.quire.base.Address;
import io.quire.base.NodeId;
import io.quire.flight.FlightConfig;
import io.quire.ns.Principal;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class NodeConfigTest {
  private static final Path PAGE = Path.of("../docs/configuration.md");
  private static final Pattern BLOCK = Pattern.compile("```hocon\n(.*?)```", Pattern.DOTALL);

  @TempDir private Path directory;

  private static NodeConfig of(String text) {
    return NodeConfig.of(ConfigFactory.parseString(text));
  }

  private static List<String> problems(String text) {
    return catchThrowableOfType(ConfigProblems.class, () -> of(text)).problems();
  }

  private Path file(String text) throws IOException {
    return Files.writeString(directory.resolve("node.conf"), text);
  }

  @Test
  void defaults_runAloneOnLoopbackWithFlashBelowTheData() {
    NodeConfig config = NodeConfig.defaults();

    Path data = Path.of("quire-data").toAbsolutePath();
    assertThat(config.alone()).isTrue();
    assertThat(config.name()).isEqualTo(new NodeId("quire"));
    assertThat(config.data()).isEqualTo(data);
    assertThat(config.tls()).isEqualTo(data.resolve("tls"));
    assertThat(config.httpHost()).isEqualTo("127.0.0.1");
    assertThat(config.httpPort()).isEqualTo(7480);
    assertThat(config.memory()).isEqualTo(256L << 20);
    assertThat(config.lease()).isEqualTo(Duration.ofSeconds(3));
    assertThat(config.stores())
        .containsExactly(StoreConfig.parse("flash://" + data + "/flash", 1L << 40, true));
  }

  @Test
  void stores_withSharedOne_keepDurableCopiesOffFlash() {
    NodeConfig config =
        of(
            """
            stores = ["flash:///a", "hdfs://h:1/b"], hdfs-replication = 2, store-capacity = 1 GiB
            """);

    assertThat(config.stores())
        .containsExactly(
            StoreConfig.parse("flash:///a", 1L << 30, false),
            new StoreConfig(
                URI.create("hdfs://h:1/b"), 1L << 30, true, Map.of("dfs.replication", "2")));
  }

  @Test
  void stores_withCodecAndKeys_leaveFlashUncompressedUnlessAsked() {
    NodeConfig config =
        of(
            """
            stores = ["flash:///a,/b", "hdfs://h:1/b"], store-codec = zstd, store-keys = "/etc/keys"
            """);

    assertThat(config.stores())
        .extracting(StoreConfig::codec)
        .containsExactly(Codec.NONE, Codec.ZSTD);
    assertThat(config.stores()).extracting(StoreConfig::keyFile).containsOnly(Path.of("/etc/keys"));
    assertThat(of("flash-codec = lz4").stores().getFirst().codec()).isEqualTo(Codec.LZ4);
    assertThat(problems("store-codec = gzip"))
        .hasSize(1)
        .allMatch(one -> one.contains("allowed=none"));
  }

  @Test
  void of_manyMistakes_tellsAllWithLineKeyFoundAndAllowed() {
    List<String> problems =
        problems(
            """
            name = "Not A Name"
            memory = 1 MiB
            http { port = 99999, host = 0.0.0.0 }
            lease = 3 parsecs
            snapshot-entries = 0
            voters = [a, a]
            htp.prot = 1
            stores = ["nowhere"]
            discovery.seeds = ["h:0"]
            cluster = ""
            hdfs-replication = 1.5
            """);

    assertThat(problems)
        .hasSize(12)
        .anyMatch(one -> one.startsWith("line 1: name: ") && one.contains("name=Not A Name"))
        .anyMatch(one -> one.matches("line 2: memory: found=.*1 MiB.* allowed=.*8388608 bytes.*"))
        .anyMatch(one -> one.matches("line 3: http.port: found=99999 allowed=.*0\\.\\.65535"))
        .anyMatch(one -> one.startsWith("http.token: needed"))
        .anyMatch(
            one -> one.matches("line 4: lease: found=.*parsecs.* allowed=100\\.\\.300000 ms.*"))
        .anyMatch(one -> one.matches("line 5: snapshot-entries: found=0 allowed=.*1\\.\\..*"))
        .anyMatch(one -> one.startsWith("line 6: voters: named twice: found=a"))
        .contains("line 7: htp.prot: unknown key, did you mean http.port?")
        .anyMatch(one -> one.startsWith("line 8: stores: ") && one.contains("nowhere"))
        .anyMatch(one -> one.startsWith("line 9: discovery.seeds: ") && one.contains("h:0"))
        .anyMatch(one -> one.startsWith("line 10: cluster: found="))
        .anyMatch(one -> one.startsWith("line 11: hdfs-replication: found=1.5 allowed="));
  }

  @Test
  void of_valueOfAnotherKind_isToldByWhatIsAllowed() {
    assertThat(problems("http = 7")).singleElement().asString().contains("http: unknown key");
    assertThat(problems("name { first = a }")).singleElement().asString().contains("allowed=text");
    assertThat(problems("voters = a")).singleElement().asString().contains("allowed=a list");
    assertThat(problems("http.port = many")).singleElement().asString().contains("found=\"many\"");
    assertThat(problems("http.port = 99999999999")).hasSize(1);
    assertThat(problems("store-capacity = -1")).hasSize(1);
    assertThat(problems("track-references = 7"))
        .singleElement()
        .asString()
        .contains("found=7 allowed=true or false");
    assertThat(problems("data = \"a\\u0000b\"")).singleElement().asString().contains("data: ");
  }

  @Test
  void of_unknownKeyUnlikeAll_listsWhatThereIs() {
    assertThat(problems("zzzzzzzzzz = 1"))
        .singleElement()
        .asString()
        .contains("zzzzzzzzzz: unknown key, allowed=cluster, data, discovery.port");
  }

  @Test
  void of_severalNodesWithoutDiscovery_isRefused() {
    assertThat(problems("voters = [a, b, c]"))
        .singleElement()
        .asString()
        .startsWith("discovery.port: needed");
    assertThat(of("voters = [quire]").alone()).isTrue();
  }

  @Test
  void of_seedsWithoutVoters_isRefused() {
    assertThat(problems("discovery { port = 5701, seeds = [\"h:5701\"] }"))
        .singleElement()
        .asString()
        .startsWith("voters: needed when there are seeds");
  }

  @Test
  void of_onePortTwice_isRefused() {
    assertThat(problems("http.port = 9, fabric.port = 9"))
        .singleElement()
        .asString()
        .contains("ports must differ");
    assertThat(of("http.port = 0, fabric.port = 0").httpPort()).isZero();
  }

  @Test
  void tokens_areOfPrincipals_oneOrSeveralEach() {
    NodeConfig config =
        of(
            """
            http { host = 10.0.0.1, tokens { alice = t1, "bob@example.com" = [t2, 3] } }
            """);

    assertThat(config.httpTokens())
        .containsExactlyInAnyOrderEntriesOf(
            Map.of(
                "t1", new Principal("alice"),
                "t2", new Principal("bob@example.com"),
                "3", new Principal("bob@example.com")));
    assertThat(NodeConfig.load(null, List.of("http.tokens.alice=t")).httpTokens())
        .containsOnlyKeys("t");
    assertThat(NodeConfig.defaults().httpTokens()).isEmpty();
  }

  /** Neither is what was found shown: it may be a token. */
  @Test
  void tokens_thatCannotBe_areRefusedWithoutBeingShown() {
    for (String wrong :
        List.of(
            "http.tokens = sesame",
            "http.tokens = [sesame]",
            "http.tokens { alice { a = sesame } }",
            "http.tokens { alice = [[sesame]] }",
            "http.tokens { \"not a name\" = sesame }",
            "http.tokens { alice = \"\" }",
            "http.tokens { alice = sesame, bob = [other, sesame] }",
            "http.token = sesame, http.tokens { alice = sesame }")) {
      assertThat(problems(wrong))
          .as(wrong)
          .singleElement()
          .asString()
          .contains("http.tokens")
          .doesNotContain("sesame");
    }
    assertThat(problems("http.tokens { alice = t, bob = t }").getFirst())
        .endsWith("http.tokens: a token is given twice: principals=alice, bob");
  }

  @Test
  void flight_isOffWithoutAPort_andTellsClientsWhereToReachIt() {
    assertThat(of("flight.tls = false").flight()).isEmpty();
    FlightConfig flight = of("flight.port = 7483, tls = \"/t\"").flight().orElseThrow();
    assertThat(flight.listen()).isEqualTo(new Address("127.0.0.1", 7483));
    assertThat(flight.advertisedHost()).isEqualTo("127.0.0.1");
    assertThat(flight.tls()).contains(Path.of("/t"));
    assertThat(flight.patience()).isEqualTo(Duration.ofMinutes(1));
    FlightConfig open =
        of("flight { port = 1, host = 0.0.0.0, tls = false }, host = h, http.token = secret")
            .flight()
            .orElseThrow();
    assertThat(open.advertisedHost()).isEqualTo("h");
    assertThat(open.tls()).isEmpty();
    assertThat(open.token()).isEqualTo("secret");
    assertThat(open).asString().doesNotContain("secret");
    assertThat(problems("flight { port = 1, host = h }"))
        .singleElement()
        .asString()
        .startsWith("http.token: needed when flight.host is not loopback");
    assertThat(
            of("flight { port = 1, host = h }, http.tokens { alice = t }")
                .flight()
                .orElseThrow()
                .tokens())
        .containsOnly(Map.entry("t", new Principal("alice")));
    assertThat(problems("flight { port = 7480, tls = perhaps }"))
        .hasSize(2)
        .anyMatch(one -> one.contains("flight.tls: found=\"perhaps\" allowed=true or false"))
        .anyMatch(one -> one.contains("flight.port: ports must differ"));
  }

  @Test
  void load_fileThatIsNone_saysWhich() {
    assertThatThrownBy(() -> NodeConfig.load(directory.resolve("absent")))
        .isInstanceOf(ConfigProblems.class)
        .hasMessage("bad configuration: no such file: path=" + directory.resolve("absent"));
    assertThatThrownBy(() -> NodeConfig.load(directory))
        .isInstanceOf(ConfigProblems.class)
        .hasMessage("bad configuration: cannot read the file: path=" + directory);
  }

  @Test
  void load_malformedFile_saysFileAndLineInOneSentence() throws IOException {
    Path file = file("name = a\nhttp { port = 7\n");

    assertThatThrownBy(() -> NodeConfig.load(file))
        .isInstanceOf(ConfigProblems.class)
        .hasMessageStartingWith("bad configuration: ")
        .hasMessageContaining(file.getFileName() + ": ")
        .message()
        .containsPattern(": [23]: ")
        .doesNotContain("\n");
  }

  @Test
  void load_unresolvedVariable_saysWhich() throws IOException {
    Path file = file("name = ${QUIRE_NO_SUCH_VARIABLE}");

    assertThatThrownBy(() -> NodeConfig.load(file))
        .isInstanceOf(ConfigProblems.class)
        .hasMessageContaining("QUIRE_NO_SUCH_VARIABLE");
  }

  @Test
  void load_withSettings_letsThemWinAndNamesThem() throws IOException {
    Path file = file("http.port = 1, memory = 64 MiB, voters = [x]");

    NodeConfig config =
        NodeConfig.load(file, List.of("http.port=2", "data=/tmp/a b", "voters=[quire]"));

    assertThat(config.httpPort()).isEqualTo(2);
    assertThat(config.data()).isEqualTo(Path.of("/tmp/a b"));
    assertThat(config.voters()).containsExactly(new NodeId("quire"));
    assertThat(config.stores().getFirst().uri().getPath()).isEqualTo("/tmp/a b/flash");
    assertThat(config.memory()).isEqualTo(64L << 20);
    assertThatThrownBy(() -> NodeConfig.load(null, List.of("http.port=x")))
        .hasMessage("bad configuration: http.port: found=\"x\" allowed=a whole number, 0..65535");
    assertThatThrownBy(() -> NodeConfig.load(null, List.of("http.port")))
        .hasMessage("bad configuration: not a setting: found=http.port wanted=key=value");
  }

  /** The sample must be one that a node takes, and no key may be left unexplained. */
  @Test
  void documentation_sampleIsReadAndEveryKeyExplained() throws IOException {
    String page = Files.readString(PAGE);
    Matcher block = BLOCK.matcher(page);
    assertThat(block.find()).as("a hocon block in %s", PAGE).isTrue();

    NodeConfig sample = of(block.group(1));

    assertThat(sample.alone()).isFalse();
    assertThat(sample.seeds()).isNotEmpty().allMatch((Address seed) -> seed.port() > 0);
    String unknown = problems("zzzzzzzzzz = 1").getFirst();
    List<String> keys = List.of(unknown.substring(unknown.indexOf('=') + 1).split(", "));
    assertThat(keys).hasSizeGreaterThan(10).allMatch(key -> page.contains("| `" + key + "` |"));
  }
}

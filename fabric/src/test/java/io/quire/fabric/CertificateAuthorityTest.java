package io.quire.fabric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quire.base.NodeId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CertificateAuthorityTest {
  private static final NodeId NODE = new NodeId("n1");

  @TempDir private Path dir;

  @Test
  void saveAndLoad_giveAnAuthorityThatIssuesTheSame() throws Exception {
    CertificateAuthority.create("north").save(dir);

    CertificateAuthority loaded = CertificateAuthority.load(dir);

    Tls tls = loaded.issue(NODE, List.of("127.0.0.1"));
    tls.certificate().verify(loaded.certificate().getPublicKey());
    assertThat(tls.certificate().getIssuerX500Principal().getName())
        .isEqualTo("CN=north authority");
  }

  @Test
  void saveAndLoad_giveTheSameCredential() {
    Tls tls = CertificateAuthority.create("north").issue(NODE, List.of("127.0.0.1"));

    tls.save(dir);

    assertThat(Tls.load(dir)).isEqualTo(tls);
    assertThat(Tls.load(dir).node()).isEqualTo(NODE);
  }

  @Test
  void save_letsOnlyTheOwnerReadKeys() throws IOException {
    CertificateAuthority authority = CertificateAuthority.create("north");
    authority.save(dir);
    authority.issue(NODE, List.of("127.0.0.1")).save(dir);

    assertThat(mode("ca-key.pem")).isEqualTo("rw-------");
    assertThat(mode("node-key.pem")).isEqualTo("rw-------");
    assertThat(mode("ca.pem")).isEqualTo("rw-r--r--");
  }

  @Test
  void issue_carriesNamesAndNumbers() throws Exception {
    Tls tls =
        CertificateAuthority.create("north")
            .issue(NODE, List.of("n1.example.org", "127.0.0.1", "::1"));

    assertThat(tls.certificate().getSubjectAlternativeNames())
        .containsExactly(
            List.of(2, "n1.example.org"), List.of(7, "127.0.0.1"), List.of(7, "0:0:0:0:0:0:0:1"));
    assertThat(tls.certificate().getBasicConstraints()).as("may not issue").isEqualTo(-1);
  }

  @Test
  void issue_withoutAHost_isRefused() {
    CertificateAuthority authority = CertificateAuthority.create("north");

    assertThatThrownBy(() -> authority.issue(NODE, List.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void load_ofWhatIsMissingOrWrong_namesTheFile() throws IOException {
    Tls tls = CertificateAuthority.create("north").issue(NODE, List.of("127.0.0.1"));
    tls.save(dir);
    Path key = dir.resolve("node-key.pem");
    Path certificate = dir.resolve("node.pem");

    Files.copy(certificate, key, StandardCopyOption.REPLACE_EXISTING);
    assertThatThrownBy(() -> Tls.load(dir))
        .isInstanceOf(StartException.class)
        .hasMessageContaining(key.toString())
        .hasMessageContaining("found=CERTIFICATE");
    Files.writeString(certificate, "no certificate");
    assertThatThrownBy(() -> Tls.load(dir))
        .isInstanceOf(StartException.class)
        .hasMessageContaining(certificate.toString());
    Files.delete(dir.resolve("ca.pem"));
    assertThatThrownBy(() -> Tls.load(dir))
        .isInstanceOf(StartException.class)
        .hasMessageContaining("ca.pem");
  }

  @Test
  void toString_ofACredential_keepsTheKey() {
    Tls tls = CertificateAuthority.create("north").issue(NODE, List.of("127.0.0.1"));

    assertThat(tls).hasToString("Tls[certificate=CN=n1]");
  }

  private String mode(String file) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(dir.resolve(file)));
  }
}

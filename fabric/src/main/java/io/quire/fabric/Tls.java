package io.quire.fabric;

import io.quire.base.NodeId;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x500.style.IETFUtils;

/**
 * By what a node shows who it is, and whom it trusts.
 *
 * @param authority of the cluster; the only one that is trusted
 * @param certificate of this node, issued by the authority
 * @param key of the certificate
 */
public record Tls(X509Certificate authority, X509Certificate certificate, PrivateKey key) {
  private static final String AUTHORITY = "ca.pem";
  private static final String CERTIFICATE = "node.pem";
  private static final String KEY = "node-key.pem";

  /**
   * Reads {@code ca.pem}, {@code node.pem} and {@code node-key.pem}.
   *
   * @throws StartException if a file is missing or not what it should be
   */
  public static Tls load(Path dir) {
    return new Tls(
        Pem.readCertificate(dir.resolve(AUTHORITY)),
        Pem.readCertificate(dir.resolve(CERTIFICATE)),
        Pem.readKey(dir.resolve(KEY)));
  }

  /** Writes what {@link #load} reads; only the owner may read the key. */
  public void save(Path dir) {
    Pem.writeCertificate(dir.resolve(AUTHORITY), authority);
    Pem.writeCertificate(dir.resolve(CERTIFICATE), certificate);
    Pem.writeKey(dir.resolve(KEY), key);
  }

  /**
   * The node that the certificate names.
   *
   * @throws StartException if it names none
   */
  public NodeId node() {
    X500Name subject = X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded());
    try {
      return new NodeId(
          IETFUtils.valueToString(subject.getRDNs(BCStyle.CN)[0].getFirst().getValue()));
    } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
      throw new StartException("a certificate names no node: subject=" + subject, e);
    }
  }

  @Override
  public String toString() {
    return "Tls[certificate=" + certificate.getSubjectX500Principal() + "]";
  }
}

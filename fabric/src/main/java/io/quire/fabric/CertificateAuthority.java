package io.quire.fabric;

import io.quire.base.NodeId;
import java.math.BigInteger;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.util.IPAddress;

/**
 * Says who belongs to a cluster: a node is let in if this authority issued its certificate. Keys
 * are on the curve P-256. There is no revocation; a cluster that lost a key gets a new authority.
 */
public final class CertificateAuthority {
  private static final String CERTIFICATE = "ca.pem";
  private static final String KEY = "ca-key.pem";
  private static final Duration OWN_VALIDITY = Duration.ofDays(3650);
  private static final Duration NODE_VALIDITY = Duration.ofDays(825);

  /** Clocks of nodes differ. */
  private static final Duration BACKDATED = Duration.ofDays(1);

  private static final SecureRandom RANDOM = new SecureRandom();

  private final X509Certificate certificate;
  private final PrivateKey key;

  private CertificateAuthority(X509Certificate certificate, PrivateKey key) {
    this.certificate = certificate;
    this.key = key;
  }

  /**
   * A new authority with a new key.
   *
   * @param clusterName for people: whoever holds the key is the authority
   */
  public static CertificateAuthority create(String clusterName) {
    KeyPair keys = newKeys();
    X500Name name = name(clusterName + " authority");
    try {
      X509v3CertificateBuilder builder = builder(name, name, OWN_VALIDITY, keys.getPublic());
      builder
          .addExtension(Extension.basicConstraints, true, new BasicConstraints(0))
          .addExtension(
              Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
      return new CertificateAuthority(sign(builder, keys.getPrivate()), keys.getPrivate());
    } catch (CertIOException e) {
      throw new IllegalArgumentException("cannot make an authority: cluster=" + clusterName, e);
    }
  }

  /**
   * Reads {@code ca.pem} and {@code ca-key.pem}.
   *
   * @throws StartException if a file is missing or not what it should be
   */
  public static CertificateAuthority load(Path dir) {
    return new CertificateAuthority(
        Pem.readCertificate(dir.resolve(CERTIFICATE)), Pem.readKey(dir.resolve(KEY)));
  }

  /** Writes what {@link #load} reads; only the owner may read the key. */
  public void save(Path dir) {
    Pem.writeKey(dir.resolve(KEY), key);
    Pem.writeCertificate(dir.resolve(CERTIFICATE), certificate);
  }

  /** What nodes trust; without the key, so it may be given to anybody. Valid for ten years. */
  public X509Certificate certificate() {
    return certificate;
  }

  /**
   * Issues a certificate for a node, with a new key, valid for 825 days. Costs some milliseconds
   * and writes nothing.
   *
   * @param hosts the names and numeric addresses under which other nodes reach it, at least one
   * @throws IllegalArgumentException if there is none, or one of them cannot be
   */
  public Tls issue(NodeId node, List<String> hosts) {
    if (hosts.isEmpty()) {
      throw new IllegalArgumentException("a node has a host: node=" + node);
    }
    KeyPair keys = newKeys();
    X500Name issuer = X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded());
    try {
      X509v3CertificateBuilder builder =
          builder(issuer, name(node.name()), NODE_VALIDITY, keys.getPublic());
      builder
          .addExtension(Extension.basicConstraints, true, new BasicConstraints(false))
          .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature))
          .addExtension(
              Extension.extendedKeyUsage,
              false,
              new ExtendedKeyUsage(
                  new KeyPurposeId[] {
                    KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth
                  }))
          .addExtension(Extension.subjectAlternativeName, false, names(hosts))
          .addExtension(
              Extension.authorityKeyIdentifier,
              false,
              new JcaX509ExtensionUtils().createAuthorityKeyIdentifier(certificate));
      return new Tls(certificate, sign(builder, key), keys.getPrivate());
    } catch (CertIOException | GeneralSecurityException e) {
      throw new IllegalArgumentException("cannot issue: node=" + node + " hosts=" + hosts, e);
    }
  }

  private static GeneralNames names(List<String> hosts) {
    Set<GeneralName> names = new LinkedHashSet<>();
    for (String host : hosts) {
      int kind = IPAddress.isValid(host) ? GeneralName.iPAddress : GeneralName.dNSName;
      names.add(new GeneralName(kind, host));
    }
    return new GeneralNames(names.toArray(new GeneralName[0]));
  }

  private static X500Name name(String commonName) {
    return new X500NameBuilder(BCStyle.INSTANCE).addRDN(BCStyle.CN, commonName).build();
  }

  private static X509v3CertificateBuilder builder(
      X500Name issuer, X500Name subject, Duration validity, PublicKey key) throws CertIOException {
    Instant now = Instant.now();
    try {
      return new JcaX509v3CertificateBuilder(
              issuer,
              new BigInteger(127, RANDOM).setBit(0),
              Date.from(now.minus(BACKDATED)),
              Date.from(now.plus(validity)),
              subject,
              key)
          .addExtension(
              Extension.subjectKeyIdentifier,
              false,
              new JcaX509ExtensionUtils().createSubjectKeyIdentifier(key));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK lacks SHA-1", e);
    }
  }

  private static X509Certificate sign(X509v3CertificateBuilder builder, PrivateKey key) {
    try {
      return new JcaX509CertificateConverter()
          .getCertificate(builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(key)));
    } catch (OperatorCreationException | GeneralSecurityException e) {
      throw new IllegalStateException("this JDK cannot sign with ECDSA", e);
    }
  }

  private static KeyPair newKeys() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"), RANDOM);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK lacks the curve P-256", e);
    }
  }
}

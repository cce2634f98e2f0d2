package io.quire.fabric;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import org.bouncycastle.util.io.pem.PemObject;
import org.bouncycastle.util.io.pem.PemReader;
import org.bouncycastle.util.io.pem.PemWriter;
import org.jspecify.annotations.Nullable;

/** Certificates and EC keys (PKCS 8) in PEM files. A file is replaced whole or not at all. */
final class Pem {
  private static final String CERTIFICATE = "CERTIFICATE";
  private static final String KEY = "PRIVATE KEY";

  private Pem() {}

  static X509Certificate readCertificate(Path file) {
    try {
      return (X509Certificate)
          CertificateFactory.getInstance("X.509")
              .generateCertificate(new ByteArrayInputStream(read(file, CERTIFICATE)));
    } catch (GeneralSecurityException e) {
      throw unreadable(file, e.toString(), e);
    }
  }

  static PrivateKey readKey(Path file) {
    try {
      return KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(read(file, KEY)));
    } catch (GeneralSecurityException e) {
      throw unreadable(file, e.toString(), e);
    }
  }

  private static byte[] read(Path file, String type) {
    try (PemReader reader = new PemReader(new StringReader(Files.readString(file)))) {
      PemObject found = reader.readPemObject();
      if (found == null || !found.getType().equals(type)) {
        String what = found == null ? "nothing" : found.getType();
        throw unreadable(file, "wanted=" + type + " found=" + what, null);
      }
      return found.getContent();
    } catch (IOException e) {
      throw unreadable(file, e.toString(), e);
    }
  }

  private static StartException unreadable(Path file, String why, @Nullable Throwable cause) {
    return new StartException("cannot read a credential: path=" + file + " cause=" + why, cause);
  }

  /** Everybody may read it. */
  static void writeCertificate(Path file, X509Certificate certificate) {
    try {
      write(file, new PemObject(CERTIFICATE, certificate.getEncoded()), "rw-r--r--");
    } catch (CertificateEncodingException e) {
      throw new IllegalArgumentException("cannot encode: path=" + file, e);
    }
  }

  /** Only its owner may read it, at no time anybody else. */
  static void writeKey(Path file, PrivateKey key) {
    write(file, new PemObject(KEY, key.getEncoded()), "rw-------");
  }

  private static void write(Path file, PemObject object, String mode) {
    StringWriter text = new StringWriter();
    try (PemWriter writer = new PemWriter(text)) {
      writer.writeObject(object);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    try {
      Path directory = file.toAbsolutePath().getParent();
      Files.createDirectories(directory);
      FileAttribute<?> permissions =
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(mode));
      Path fresh = Files.createTempFile(directory, "quire", ".pem", permissions);
      Files.write(fresh, text.toString().getBytes(StandardCharsets.US_ASCII));
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write a credential: path=" + file, e);
    }
  }
}

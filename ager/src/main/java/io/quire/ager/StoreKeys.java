package io.quire.ager;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import javax.crypto.KDF;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * The keys that bodies are encrypted with: the first of the file for what is written, any for what
 * is read.
 *
 * <p>No nonce is used twice with a key. A body is not encrypted with the key of the file, but with
 * one derived from it and a salt of 32 random bytes, which is drawn anew each time a store is
 * opened and never written anywhere but into headers. Under that derived key the nonces are a
 * counter of this process: the sequence of the body and the number of the frame. A restart or a
 * crash loses the counter, and the salt with it; what comes next has another key. Two salts are
 * equal with a probability of one in 2^256 for each pair of openings.
 */
final class StoreKeys {
  private static final int KEY_BYTES = 32;
  private static final Set<PosixFilePermission> OTHERS =
      Set.of(
          PosixFilePermission.GROUP_READ,
          PosixFilePermission.GROUP_WRITE,
          PosixFilePermission.OTHERS_READ,
          PosixFilePermission.OTHERS_WRITE);

  /** A key and the name that headers have for it. */
  private record Named(String id, SecretKey key) {}

  private final Path file;
  private final List<Named> keys;
  private final String salt;
  private final SecretKey sealing;
  private final AtomicLong sequence = new AtomicLong();

  private StoreKeys(Path file, List<Named> keys) throws GeneralSecurityException {
    this.file = file;
    this.keys = List.copyOf(keys);
    byte[] random = new byte[StoreHeader.Seal.SALT_BYTES];
    new SecureRandom().nextBytes(random);
    salt = HexFormat.of().formatHex(random);
    sealing = derived(keys.getFirst(), salt);
  }

  /**
   * Reads a file of keys, each 64 hexadecimal digits on a line of its own.
   *
   * @throws IOException if it cannot be read, is open to others, or has something else in it
   */
  static StoreKeys read(Path file) throws IOException {
    if (Files.getFileStore(file).supportsFileAttributeView("posix")) {
      Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
      if (permissions.stream().anyMatch(OTHERS::contains)) {
        throw new IOException(
            "key file is open to others: file=%s permissions=%s wanted=only its owner"
                .formatted(file, permissions));
      }
    }
    try {
      List<Named> keys = new ArrayList<>();
      for (String line : Files.readAllLines(file, StandardCharsets.US_ASCII)) {
        if (!line.isBlank()) {
          keys.add(named(line.strip(), file));
        }
      }
      if (keys.isEmpty()) {
        throw new IOException("key file is empty: file=" + file);
      }
      return new StoreKeys(file, keys);
    } catch (GeneralSecurityException e) {
      throw new IOException("no such cipher in this runtime: file=" + file, e);
    }
  }

  private static Named named(String line, Path file) throws IOException, GeneralSecurityException {
    if (!line.matches("[0-9a-fA-F]{" + 2 * KEY_BYTES + "}")) {
      // The line itself is not shown: it may be a key with a slip in it.
      throw new IOException(
          "not a key: file=%s wanted=%d hexadecimal digits found=%d characters"
              .formatted(file, 2 * KEY_BYTES, line.length()));
    }
    byte[] bytes = HexFormat.of().parseHex(line);
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(bytes, "HmacSHA256"));
    byte[] name = mac.doFinal("quire store key id".getBytes(StandardCharsets.US_ASCII));
    String id = HexFormat.of().formatHex(name, 0, StoreHeader.Seal.KEY_BYTES);
    return new Named(id, new SecretKeySpec(bytes, "Generic"));
  }

  private static SecretKey derived(Named key, String salt) throws GeneralSecurityException {
    return KDF.getInstance("HKDF-SHA256")
        .deriveKey(
            "AES",
            HKDFParameterSpec.ofExtract()
                .addIKM(key.key)
                .addSalt(HexFormat.of().parseHex(salt))
                .thenExpand("quire store file".getBytes(StandardCharsets.US_ASCII), KEY_BYTES));
  }

  /** For the next body; never the same again. */
  StoreHeader.Seal next() {
    return new StoreHeader.Seal(keys.getFirst().id, salt, sequence.getAndIncrement());
  }

  /**
   * The key that a body was or is to be encrypted with.
   *
   * @throws WrongKey if it is none of the file's
   */
  SecretKey keyOf(StoreHeader.Seal seal) throws IOException {
    if (seal.salt().equals(salt) && seal.key().equals(keys.getFirst().id)) {
      return sealing;
    }
    for (Named key : keys) {
      if (key.id.equals(seal.key())) {
        try {
          return derived(key, seal.salt());
        } catch (GeneralSecurityException e) {
          throw new IOException("no key derived: file=" + file, e);
        }
      }
    }
    throw new WrongKey(seal.key(), keys.stream().map(Named::id).toList(), file.toString());
  }
}

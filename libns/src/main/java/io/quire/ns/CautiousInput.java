package io.quire.ns;

import com.esotericsoftware.kryo.KryoException;
import com.esotericsoftware.kryo.io.Input;

/**
 * Believes no length that the bytes cannot back: each element of an array, string or collection
 * takes a byte at least, so a reader never makes room for more elements than there are bytes.
 */
final class CautiousInput extends Input {
  /** Numbers up to this may be class ids and such, and cost little if they are lengths. */
  private static final int SMALL = 256;

  private long unclaimed;

  CautiousInput(byte[] bytes) {
    super(bytes);
    unclaimed = bytes.length;
  }

  @Override
  public int readVarInt(boolean optimizePositive) {
    int number = super.readVarInt(optimizePositive);
    return optimizePositive ? claim(number) : number;
  }

  @Override
  public int readVarIntFlag(boolean optimizePositive) {
    int number = super.readVarIntFlag(optimizePositive);
    return optimizePositive ? claim(number) : number;
  }

  private int claim(int length) {
    if (length > SMALL) {
      unclaimed -= length;
      if (unclaimed < 0) {
        throw new KryoException("length beyond the bytes: found=" + length);
      }
    }
    if (length < 0) {
      throw new KryoException("negative length: found=" + length);
    }
    return length;
  }
}

package io.quire.ns;

import com.esotericsoftware.kryo.Kryo;
import com.esotericsoftware.kryo.KryoException;
import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import java.util.List;

/**
 * Turns objects' values into bytes and back, by Kryo, with registration required: only classes
 * named here are ever made from bytes. All nodes must register the same classes in the same order.
 * Any thread.
 */
public final class Values {
  private static final int DEPTH_MAX = 64;

  private final ThreadLocal<Kryo> kryos;

  /**
   * Registers classes, in this order, after those of Kryo, byte arrays, and lists and maps of the
   * JDK.
   */
  public Values(List<Class<?>> classes) {
    List<Class<?>> registered = List.copyOf(classes);
    kryos =
        ThreadLocal.withInitial(
            () -> {
              Kryo kryo = new Kryo();
              kryo.setRegistrationRequired(true);
              kryo.setMaxDepth(DEPTH_MAX);
              kryo.register(byte[].class);
              kryo.register(long[].class);
              kryo.register(String[].class);
              kryo.register(java.util.ArrayList.class);
              kryo.register(java.util.HashMap.class);
              kryo.register(java.util.TreeMap.class);
              registered.forEach(kryo::register);
              return kryo;
            });
  }

  /** The JDK's simple classes alone. */
  public static Values simple() {
    return new Values(List.of());
  }

  /**
   * Encodes a value.
   *
   * @throws NsException.BadValue if its class or one within is not registered, it takes more than 2
   *     MiB, or it is nested deeper than 64 levels
   */
  public byte[] encode(Object value) {
    try (Output out = new Output(256, NsObject.VALUE_BYTES_MAX)) {
      kryos.get().writeClassAndObject(out, value);
      return out.toBytes();
    } catch (IllegalArgumentException | KryoException e) {
      throw new NsException.BadValue(
          "cannot encode: class=" + value.getClass().getName() + " why=" + firstLine(e));
    }
  }

  /**
   * Decodes a value.
   *
   * @throws NsException.BadValue if the bytes are not of a registered class
   */
  public Object decode(byte[] bytes) {
    Object value;
    try (Input in = new CautiousInput(bytes)) {
      value = kryos.get().readClassAndObject(in);
      if (in.position() != bytes.length) {
        throw new KryoException("bytes left over: " + (bytes.length - in.position()));
      }
    } catch (RuntimeException e) {
      // What a reader of bytes that are not its own throws depends on where it stumbles.
      throw new NsException.BadValue(
          "cannot decode: bytes=" + bytes.length + " why=" + firstLine(e));
    }
    if (value == null) {
      throw new NsException.BadValue("cannot decode: bytes=" + bytes.length + " why=no value");
    }
    return value;
  }

  private static String firstLine(RuntimeException e) {
    String message = String.valueOf(e.getMessage());
    int end = message.indexOf('\n');
    return end < 0 ? message : message.substring(0, end);
  }
}

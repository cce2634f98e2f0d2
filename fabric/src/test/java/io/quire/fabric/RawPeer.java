package io.quire.fabric;

import io.quire.base.NodeId;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/** A peer without a fabric, which may do what no fabric does. */
final class RawPeer {
  private RawPeer() {}

  static SSLSocket connect(Fabric server, KeyManager[] keys, String protocol) throws Exception {
    KeyStore trusted = emptyStore();
    trusted.setCertificateEntry("authority", Fixture.AUTHORITY.certificate());
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys, trust.getTrustManagers(), null);
    SSLSocket socket =
        (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", server.address().port());
    socket.setEnabledProtocols(new String[] {protocol});
    socket.setSoTimeout((int) Fixture.SOON.toMillis());
    return socket;
  }

  static KeyManager[] friendsKey() throws Exception {
    Tls tls = Fixture.AUTHORITY.issue(new NodeId("friend"), List.of("127.0.0.1"));
    KeyStore own = emptyStore();
    own.setKeyEntry("friend", tls.key(), new char[0], new Certificate[] {tls.certificate()});
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(own, new char[0]);
    return keys.getKeyManagers();
  }

  private static KeyStore emptyStore() throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    return store;
  }

  static byte[] hello() {
    return hello(Lane.PROTOCOL, false);
  }

  static byte[] hello(Lane lane, boolean clear) {
    byte[] hello = {18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 'Q', 'U', 'I', 'R', 2, 0, 0, 0};
    hello[hello.length - 2] = (byte) lane.ordinal();
    hello[hello.length - 1] = (byte) (clear ? 1 : 0);
    return hello;
  }

  static byte[] request(Service service, int bodyBytes) {
    byte[] request = new byte[Frame.HEADER_BYTES + bodyBytes];
    ByteBuffer.wrap(request)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(request.length - Frame.LENGTH_BYTES)
        .put((byte) Frame.Kind.REQUEST.ordinal())
        .put((byte) service.ordinal());
    return request;
  }
}

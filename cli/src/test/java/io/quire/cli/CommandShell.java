package io.quire.cli;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A process that runs one command after the other for {@link Commands}: most of the time of a short
 * command is the start of its JVM. Each has the standard output and error that it would have by
 * itself, as files.
 */
public final class CommandShell {
  private CommandShell() {}

  /** Runs what comes from a port of this machine until that is closed. */
  public static void main(String[] arguments) throws IOException {
    try (Socket socket =
            new Socket(InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[0]));
        DataInputStream in = new DataInputStream(socket.getInputStream());
        DataOutputStream out = new DataOutputStream(socket.getOutputStream())) {
      while (true) {
        out.writeInt(run(in.readUTF(), in.readUTF(), words(in)));
        out.flush();
      }
    } catch (EOFException e) {
      System.exit(0);
    }
  }

  private static String[] words(DataInputStream in) throws IOException {
    List<String> words = new ArrayList<>();
    for (int left = in.readInt(); left > 0; left--) {
      words.add(in.readUTF());
    }
    return words.toArray(String[]::new);
  }

  private static int run(String outFile, String errFile, String[] words) throws IOException {
    PrintStream outBefore = System.out;
    PrintStream errBefore = System.err;
    try (PrintStream out = new PrintStream(outFile, StandardCharsets.UTF_8);
        PrintStream err = new PrintStream(errFile, StandardCharsets.UTF_8)) {
      System.setOut(out);
      System.setErr(err);
      return Quire.command()
          .setOut(new PrintWriter(out, true, StandardCharsets.UTF_8))
          .setErr(new PrintWriter(err, true, StandardCharsets.UTF_8))
          .execute(words);
    } finally {
      System.setOut(outBefore);
      System.setErr(errBefore);
    }
  }
}

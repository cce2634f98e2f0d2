package io.quire.datasets;
import io.quire.ns.*; import java.nio.file.*; import java.util.*; import java.time.Duration; import java.io.*;
import org.junit.jupiter.api.Test;
class BenchScratch {
  @Test void run() throws Exception {
    Path root = Files.createTempDirectory("dsb");
    try (TestNodes c = new TestNodes(root, DatasetsConfig.DEFAULTS, "a","b","c")) {
      var nodes = c.start(SumFunctions::register);
      byte[] text = ("x".repeat(99)+"\n").repeat(600_000).getBytes();
      for (Lifetime l : Lifetime.values()) for (int i=0;i<3;i++) {
        long t=System.nanoTime();
        NsObject o = nodes.get(0).datasets.loadLines(NsHandle.ROOT,"/l"+l+i,l,new ByteArrayInputStream(text),Progress.NONE);
        long t1=System.nanoTime(); long[] n={0};
        nodes.get(1).datasets.read(o, s->n[0]+=s.byteSize(), Duration.ofSeconds(30));
        long t2=System.nanoTime();
        System.err.printf("TIMING %s load %d ms read %d ms (%d MB) %n", l,(t1-t)/1000000,(t2-t1)/1000000,n[0]/1000000);
        nodes.get(0).namespaces.delete(o);
      }
    }
  }
}

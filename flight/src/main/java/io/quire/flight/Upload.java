package io.quire.flight;

import io.quire.datasets.Progress;
import io.quire.ns.Lifetime;
import io.quire.ns.Namespaces;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import io.quire.tables.TableShare;
import io.quire.tables.Tables;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.arrow.flight.FlightDescriptor;
import org.apache.arrow.flight.FlightProducer.StreamListener;
import org.apache.arrow.flight.FlightRuntimeException;
import org.apache.arrow.flight.FlightStream;
import org.apache.arrow.flight.PutResult;
import org.apache.arrow.memory.ArrowBuf;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes of the batches of one client a table, or the next version of one, when the client has ended
 * its stream. If it goes away before, or a batch is wrong, or the node stops, nothing is made. It
 * is told so, or how many rows the table has. If the node dies, or the connection, after the client
 * has ended its stream, the client cannot know.
 *
 * <p>How fast the client may send is up to the load: no more than a few batches are taken ahead.
 * One that sends nothing for too long loses its place.
 */
final class Upload implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(Upload.class);

  private final Namespaces namespaces;
  private final Tables tables;
  private final FlightStream rows;
  private final Calls.Call call;
  private final StreamListener<PutResult> client;
  private final Duration patience;
  private final Duration idle;
  private final Uploads uploads;
  private final Counters counters;

  /**
   * @param namespaces those of the node
   * @param tables likewise
   * @param patience until the client has to say what it wants to make
   * @param idle for how long it may send nothing after that
   */
  Upload(
      Caller caller,
      Namespaces namespaces,
      Tables tables,
      FlightStream rows,
      Calls.Call call,
      StreamListener<PutResult> client,
      Duration patience,
      Duration idle,
      Uploads uploads,
      Counters counters) {
    this.namespaces = caller.in(namespaces);
    this.tables = caller.in(tables);
    this.rows = rows;
    this.call = call;
    this.client = client;
    this.patience = patience;
    this.idle = idle;
    this.uploads = uploads;
    this.counters = counters;
  }

  @Override
  public void run() {
    try {
      uploads.begin(call);
    } catch (Failure.Busy e) {
      client.onError(Failure.of(e));
      return;
    }
    try {
      NsObject made = made(TablePut.of(asked()));
      counters.uploads.increment();
      tell(made);
    } catch (Throwable e) {
      fail(e);
    } finally {
      uploads.end(call);
    }
  }

  /**
   * What comes with the columns. Of the two only these are told if the client goes away; so whoever
   * waits for both has to give up at some time.
   */
  private FlightDescriptor asked() throws InterruptedException {
    CompletableFuture<FlightDescriptor> asked = new CompletableFuture<>();
    Thread waiting =
        Thread.ofVirtual()
            .name("quire-flight-upload")
            .start(
                () -> {
                  try {
                    rows.getRoot();
                    asked.complete(rows.getDescriptor());
                  } catch (Throwable e) {
                    asked.completeExceptionally(e);
                  }
                });
    try {
      return asked.get(patience.toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      throw Failure.of(asked.exceptionNow());
    } catch (TimeoutException e) {
      throw new IllegalArgumentException(
          "names no table, or no columns: seconds=" + patience.toMillis() / 1e3);
    } finally {
      waiting.interrupt();
    }
  }

  private NsObject made(TablePut asked) {
    NsHandle namespace =
        asked.namespace().map(name -> Found.namespace(namespaces, name)).orElse(NsHandle.ROOT);
    UploadReader reader = new UploadReader(rows, tables.memory(), idle);
    if (asked.append()) {
      NsObject table = Found.table(namespaces, namespace, asked.name());
      return tables.append(table, reader, asked.mark(), Progress.NONE);
    }
    return tables.load(
        namespace,
        asked.name(),
        Lifetime.DURABLE,
        asked.keeping(),
        reader,
        asked.mark(),
        Progress.NONE);
  }

  /** It is made: if this cannot be told, the client must not be told otherwise. */
  private void tell(NsObject made) {
    try {
      long all = tables.shares(made, List.of()).stream().mapToLong(TableShare::rows).sum();
      byte[] json = "{\"rows\":%d}".formatted(all).getBytes(StandardCharsets.UTF_8);
      ArrowBuf buffer = tables.memory().buffer(json.length);
      buffer.writeBytes(json);
      try (PutResult result = PutResult.metadata(buffer)) {
        client.onNext(result);
      }
      client.onCompleted();
    } catch (RuntimeException e) {
      LOG.warn("cannot tell the client what it made: table={}", made.name(), e);
      call.reset("made, and cannot be told");
    }
  }

  private void fail(Throwable e) {
    FlightRuntimeException told = Failure.of(e);
    counters.uploadsFailed.increment();
    if (!Failure.isUsual(told)) {
      LOG.warn("upload failed", e);
    }
    try {
      client.onError(told); // goes nowhere if gRPC has ended the call
    } catch (RuntimeException again) {
      LOG.warn("cannot tell the client", again);
    }
  }
}

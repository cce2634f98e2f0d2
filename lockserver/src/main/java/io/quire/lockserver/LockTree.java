package io.quire.lockserver;

import io.quire.base.Log;
import io.quire.base.Rules;
import io.quire.base.WireReader;
import io.quire.base.WireWriter;
import io.quire.lockserver.LockAnswer.Code;
import io.quire.lockserver.LockAnswer.Limit;
import io.quire.lockserver.LockEntry.DelayOver;
import io.quire.lockserver.LockEntry.Led;
import io.quire.lockserver.LockEntry.Request;
import io.quire.lockserver.LockOperation.Acquire;
import io.quire.lockserver.LockOperation.Add;
import io.quire.lockserver.LockOperation.Cancel;
import io.quire.lockserver.LockOperation.Close;
import io.quire.lockserver.LockOperation.Convert;
import io.quire.lockserver.LockOperation.Create;
import io.quire.lockserver.LockOperation.Open;
import io.quire.lockserver.LockOperation.Release;
import io.quire.lockserver.LockOperation.Remove;
import io.quire.lockserver.LockOperation.Sync;
import io.quire.lockserver.LockOperation.Write;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The projection of the log that is the lock server: clients' sessions, files, locks with their
 * queues, and events. The same on every node; nothing in it knows the time. Confined to the loop.
 *
 * <p>A client's session belongs to a session of its node and ends with it, in the same step in
 * which the log changes the view. A request is named by the node's session and a number; one that
 * comes again is given the answer that it was given before.
 */
final class LockTree implements Log.Projection {
  private final Sessions sessions;
  private final LockLimits limits;
  private final Rules rules;
  private final List<Listener> listeners = new ArrayList<>();
  private final EventRing events;
  private final FileTable files;
  private final LockTable locks;
  private final TreeMap<Long, UserSession> users = new TreeMap<>();
  private final TreeMap<Tenure, Answers> answers = new TreeMap<>();
  private final Set<String> servers = new HashSet<>();
  private long lastSession;

  /** A client's session. */
  record UserSession(long id, Tenure tenure, String name, long made) {}

  /** Is told on the loop, in the midst of applying: the state is that of the entry. */
  interface Listener {
    /** A request has this answer; it may be told more than once. */
    void answered(Tenure tenure, long sequence, LockAnswer answer);

    /** A request came to hold its lock. */
    void granted(LockTable.Hold hold);

    /** A hold has another mode, at once or after it waited. */
    void converted(LockTable.Hold before, LockTable.Hold after);

    /** A node's session ended, and with it those of its clients. */
    void ended(Tenure tenure);

    /** Something was applied; there may be new events. */
    void applied();

    /** The state is another one, with a gap before it of which nothing was told. */
    void restored();
  }

  LockTree(Log log, Sessions sessions, LockLimits limits, Rules rules) {
    this.sessions = sessions;
    this.limits = limits;
    this.rules = rules;
    events = new EventRing(limits.events());
    files = new FileTable(limits, events);
    locks = new LockTable(limits, events, rules, new Grants());
    log.register(this);
    log.register(Log.Fence.Kind.LOCK, this::holds);
    sessions.listen(new Views());
  }

  /** Registers a listener; before the log starts. */
  void listen(Listener listener) {
    listeners.add(listener);
  }

  FileTable files() {
    return files;
  }

  LockTable locks() {
    return locks;
  }

  EventRing events() {
    return events;
  }

  int sessionCount() {
    return users.size();
  }

  @Nullable UserSession user(long id) {
    return users.get(id);
  }

  /** Whether this generation is held where what is applied stands. */
  boolean holds(long generation) {
    return locks.held(generation) || !rules.keep(Rules.Rule.SEQUENCER_CHECK);
  }

  /** Whether nobody holds, waits for, or has lost this lock where what is applied stands. */
  boolean free(String path) {
    return locks.lock(path) == null || !rules.keep(Rules.Rule.FREE_CHECK);
  }

  /** The answer to a request, if it was applied and the node may still ask. */
  @Nullable LockAnswer answer(Tenure tenure, long sequence) {
    Answers of = answers.get(tenure);
    return of == null ? null : of.answer(sequence);
  }

  boolean lives(Tenure tenure) {
    return sessions.has(tenure);
  }

  @Override
  public Log.Stream stream() {
    return Log.Stream.LOCKS;
  }

  @Override
  public byte[] apply(long position, byte[] payload) {
    byte[] result =
        switch (LockEntry.read(payload)) {
          case Request request -> request(position, request, false).toBytes();
          case DelayOver(String path, long generation) -> {
            locks.delayOver(position, path, generation);
            yield LockAnswer.of(Code.OK).toBytes();
          }
          case Led(long incarnation) -> {
            events.add(position, LockEvent.Kind.LEADER, "", 0, incarnation);
            yield LockAnswer.of(Code.OK).toBytes();
          }
        };
    listeners.forEach(Listener::applied);
    return result;
  }

  /** A request was guarded by a lock that is not held: that is its answer. */
  @Override
  public void fenced(long position, byte[] payload) {
    if (LockEntry.read(payload) instanceof Request request) {
      request(position, request, true);
      listeners.forEach(Listener::applied);
    }
  }

  private LockAnswer request(long position, Request request, boolean fenced) {
    if (!lives(request.tenure())) {
      return LockAnswer.of(Code.ENDED);
    }
    if (request.sequence() - request.low() >= limits.answers()) {
      return LockAnswer.limit(Limit.ANSWERS, limits.answers());
    }
    Answers of = answers.computeIfAbsent(request.tenure(), _ -> new Answers());
    of.forget(request.low());
    LockAnswer known = of.answer(request.sequence());
    if (request.sequence() < of.low() && rules.keep(Rules.Rule.REQUEST_ONCE)) {
      return LockAnswer.of(Code.FORGOTTEN);
    }
    if (known == null || !rules.keep(Rules.Rule.REQUEST_ONCE)) {
      known = fenced ? LockAnswer.of(Code.STALE) : run(position, request, of);
      of.put(request.sequence(), known);
    }
    LockAnswer answer = known;
    listeners.forEach(listener -> listener.answered(request.tenure(), request.sequence(), answer));
    return answer;
  }

  private LockAnswer run(long position, Request request, Answers of) {
    Tenure tenure = request.tenure();
    return switch (request.operation()) {
      case Open(String name) -> open(position, tenure, name);
      case Sync() -> LockAnswer.of(Code.OK, position);
      case Cancel cancel -> {
        of.putIfAbsent(cancel.request(), LockAnswer.of(Code.CANCELLED));
        locks.cancel(position, tenure, cancel);
        yield LockAnswer.of(Code.OK, position);
      }
      case Close(long session) -> {
        if (missing(tenure, session)) {
          yield LockAnswer.of(Code.ENDED);
        }
        end(position, List.of(session), true);
        yield LockAnswer.of(Code.OK, position);
      }
      case Create create ->
          missing(tenure, create.session())
              ? LockAnswer.of(Code.ENDED)
              : files.create(position, create);
      case Write write ->
          missing(tenure, write.session())
              ? LockAnswer.of(Code.ENDED)
              : files.write(position, write);
      case Remove remove ->
          missing(tenure, remove.session())
              ? LockAnswer.of(Code.ENDED)
              : files.remove(position, remove);
      case Add add ->
          missing(tenure, add.session()) ? LockAnswer.of(Code.ENDED) : files.add(position, add);
      case Acquire acquire ->
          missing(tenure, acquire.session())
              ? LockAnswer.of(Code.ENDED)
              : locks.acquire(
                  position,
                  new LockTable.Asker(acquire.session(), tenure, request.sequence()),
                  acquire);
      case Convert convert ->
          missing(tenure, convert.session())
              ? LockAnswer.of(Code.ENDED)
              : locks.convert(
                  position,
                  new LockTable.Asker(convert.session(), tenure, request.sequence()),
                  convert);
      case Release release ->
          missing(tenure, release.session())
              ? LockAnswer.of(Code.ENDED)
              : locks.release(position, release);
    };
  }

  private LockAnswer open(long position, Tenure tenure, String name) {
    if (users.size() >= limits.sessions()) {
      return LockAnswer.limit(Limit.SESSIONS, limits.sessions());
    }
    long id = ++lastSession;
    users.put(id, new UserSession(id, tenure, name, position));
    return LockAnswer.of(Code.OK, id);
  }

  private boolean missing(Tenure tenure, long session) {
    UserSession user = users.get(session);
    return user == null || !user.tenure().equals(tenure);
  }

  private void end(long position, List<Long> ended, boolean clean) {
    ended.forEach(users::remove);
    locks.end(position, ended, clean);
    ended.forEach(session -> files.end(position, session));
  }

  private final class Grants implements LockTable.Listener {
    @Override
    public void granted(LockTable.Hold hold) {
      listeners.forEach(listener -> listener.granted(hold));
    }

    @Override
    public void converted(LockTable.Hold before, LockTable.Hold after) {
      listeners.forEach(listener -> listener.converted(before, after));
    }
  }

  private final class Views implements Sessions.ViewListener {
    @Override
    public void changed(View view) {
      viewChanged(view.position());
    }

    /** What was saved with the view follows. */
    @Override
    public void restored(View view) {}
  }

  private void viewChanged(long position) {
    Set<Tenure> gone = new HashSet<>(answers.keySet());
    users.values().forEach(user -> gone.add(user.tenure()));
    gone.removeIf(this::lives);
    for (Tenure tenure : gone.stream().sorted().toList()) {
      answers.remove(tenure);
      List<Long> ended =
          users.values().stream()
              .filter(user -> user.tenure().equals(tenure))
              .map(UserSession::id)
              .toList();
      end(position, ended, false);
      listeners.forEach(listener -> listener.ended(tenure));
    }
    serversChanged(position);
    listeners.forEach(Listener::applied);
  }

  /** The nodes' own files are made and removed by their sessions; here they only are news. */
  private void serversChanged(long position) {
    Set<String> now = new HashSet<>();
    sessions.files().forEach(file -> now.add(file.path()));
    servers.stream()
        .filter(path -> !now.contains(path))
        .sorted()
        .forEach(path -> events.add(position, LockEvent.Kind.REMOVED, path, 0, 0));
    sessions.files().stream()
        .filter(file -> file.made() == position)
        .forEach(file -> events.add(position, LockEvent.Kind.CREATED, file.path(), 0, 0));
    servers.clear();
    servers.addAll(now);
  }

  @Override
  public void save(WireWriter out) {
    capture().write(out);
  }

  /** Copies references only: what they refer to never changes. */
  @Override
  public Log.Capture capture() {
    long last = lastSession;
    UserSession[] clients = users.values().toArray(new UserSession[0]);
    Consumer<WireWriter> tree = files.capture().andThen(locks.capture());
    Tenure[] tenures = answers.keySet().toArray(new Tenure[0]);
    List<Consumer<WireWriter>> told = new ArrayList<>();
    answers.values().forEach(of -> told.add(of.capture()));
    Consumer<WireWriter> ring = events.capture();
    Consumer<WireWriter> conversions = locks.captureConversions();
    return Log.Capture.later(
        out -> {
          out.int64(last).int32(clients.length);
          for (UserSession user : clients) {
            out.int64(user.id());
            user.tenure().write(out);
            out.string(user.name()).int64(user.made());
          }
          tree.accept(out);
          out.int32(tenures.length);
          for (int i = 0; i < tenures.length; i++) {
            tenures[i].write(out);
            told.get(i).accept(out);
          }
          ring.accept(out);
          conversions.accept(out);
        });
  }

  @Override
  public void restore(long position, WireReader in) {
    users.clear();
    answers.clear();
    servers.clear();
    lastSession = in.int64();
    int count = in.count(36);
    for (int i = 0; i < count; i++) {
      long id = in.int64();
      users.put(id, new UserSession(id, Tenure.read(in), in.string(), in.int64()));
    }
    files.restore(in);
    locks.restore(in);
    int tenures = in.count(28);
    for (int i = 0; i < tenures; i++) {
      answers.put(Tenure.read(in), Answers.restore(in));
    }
    events.restore(in);
    // Snapshots from before there were conversions end here.
    if (in.remaining() > 0) {
      locks.restoreConversions(in);
    }
    sessions.files().forEach(file -> servers.add(file.path()));
    listeners.forEach(Listener::restored);
  }
}

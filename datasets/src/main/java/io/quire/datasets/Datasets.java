package io.quire.datasets;

import io.quire.ager.Ager;
import io.quire.ager.OrphanSearch;
import io.quire.ager.Orphans;
import io.quire.base.Member;
import io.quire.fabric.Fabric;
import io.quire.fabric.Service;
import io.quire.lockserver.Sessions;
import io.quire.ns.Access;
import io.quire.ns.Lifetime;
import io.quire.ns.Namespaces;
import io.quire.ns.NsHandle;
import io.quire.ns.NsObject;
import io.quire.ns.Principal;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * Datasets on one node: objects of the namespace whose data are extents on all members.
 *
 * <p>The functions that load and scan must be registered under the same names on all nodes. All
 * operations may be called by any thread that may wait, and on any node; they wait, up to the
 * deadlines of the call and of {@link DatasetsConfig}. Besides what is said of each they throw
 * {@link io.quire.ns.NsException} if the namespace refuses, and {@link io.quire.ager.AgerException}
 * if this node has no memory left.
 */
public final class Datasets implements AutoCloseable {
  private static final int ARGUMENT_BYTES_MAX = 1 << 20;
  private static final int PARTS_MAX = 1 << 20;

  private final Namespaces namespaces;
  private final Ager ager;
  private final DatasetsConfig config;
  private final Counters counters;
  private final Functions functions;
  private final Courses courses;
  private final Set<Long> loading;
  private final Member self;
  private final Registry registry;
  private final Layouts layouts;
  private final Workers workers;
  private final ExtentPull pull;
  private final ExtentTaking taking;
  private final Members members;
  private final Claims claims;
  private final Sweep sweep;
  private final StoreSweep storeSweep;

  /** That of the node. */
  private final Datasets whole;

  /**
   * Begins to serve other nodes: takes {@link Service#CALL} and {@link Service#EXTENT} of the
   * fabric. Closes none of what it is given.
   */
  public Datasets(
      Member self,
      Sessions sessions,
      Namespaces namespaces,
      Ager ager,
      Fabric fabric,
      DatasetsConfig config) {
    this(self, sessions, namespaces, ager, fabric, config, OrphanConfig.DEFAULTS);
  }

  /** As above, with other times for what is left behind. */
  public Datasets(
      Member self,
      Sessions sessions,
      Namespaces namespaces,
      Ager ager,
      Fabric fabric,
      DatasetsConfig config,
      OrphanConfig orphans) {
    this.self = self;
    this.namespaces = namespaces;
    this.ager = ager;
    this.config = config;
    whole = this;
    counters = new Counters();
    functions = new Functions();
    loading = ConcurrentHashMap.newKeySet();
    Origins origins = new Origins(namespaces);
    registry = new Registry(ager, counters);
    layouts = new Layouts(namespaces);
    workers = new Workers(self.node(), config.workers(), counters);
    pull = new ExtentPull(ager, fabric, config, counters);
    taking = new ExtentTaking(self, ager, registry, pull, origins, config);
    GroupExtents groupExtents = new GroupExtents(ager, registry, counters);
    Steps steps = new Steps(workers);
    Runs runs = new Runs();
    courses = new Courses(ager, groupExtents, layouts, functions, steps, config, counters, runs);
    CallServer calls =
        new CallServer(
            self,
            workers,
            registry,
            loading::contains,
            new PartLoad(self, ager, registry, functions, origins, config, counters),
            taking,
            new PartKeeping(self, ager, registry),
            new FragmentScan(ager, groupExtents, layouts, functions, steps, counters, runs),
            courses,
            runs,
            counters);
    members = new Members(self, sessions, fabric, calls);
    ExtentServer extents =
        new ExtentServer(self, ager, registry, layouts, workers, config, counters);
    namespaces.onFreed(this::freed);
    fabric.serve(Service.CALL, calls::serve);
    fabric.lend(Service.EXTENT, extents::serve);
    claims = new Claims(members, namespaces, loading, config, orphans);
    sweep = new Sweep(members, namespaces, registry, layouts, courses, claims, config);
    storeSweep = new StoreSweep(members, namespaces, layouts, claims, registry, ager, orphans);
  }

  private Datasets(Datasets whole, Namespaces namespaces) {
    this.whole = whole;
    this.namespaces = namespaces;
    ager = whole.ager;
    config = whole.config;
    counters = whole.counters;
    functions = whole.functions;
    courses = whole.courses;
    loading = whole.loading;
    self = whole.self;
    registry = whole.registry;
    layouts = whole.layouts.by(namespaces);
    workers = whole.workers;
    pull = whole.pull;
    taking = whole.taking;
    members = whole.members;
    claims = whole.claims;
    sweep = whole.sweep;
    storeSweep = whole.storeSweep;
  }

  /**
   * The same datasets for somebody else: what it loads is created, and what it scans or reads is
   * opened, as {@link Namespaces#as} allows the principal. What is open stays so until it is read.
   * To close it does nothing.
   *
   * @throws IllegalStateException if this acts for a principal already
   */
  public Datasets as(Principal principal) {
    return new Datasets(this, namespaces.as(principal));
  }

  /** On the loop. At the limit of the workers the sweep does it later. */
  private void freed(long xid) {
    if (registry.has(xid)) {
      workers.await(
          () -> {
            registry.end(xid);
            return xid;
          });
    }
  }

  /**
   * Names a load function; each name once, on all nodes, before it is used.
   *
   * @throws IllegalStateException if a load function has the name
   */
  public void register(String function, LoadFunction f) {
    functions.register(function, f);
  }

  /**
   * Names a scan function; each name once, on all nodes, before it is used.
   *
   * @throws IllegalStateException if a scan function has the name
   */
  public void register(String function, ScanFunction f) {
    functions.register(function, f);
  }

  /**
   * Names a stream function; each name once, on all nodes, before it is used.
   *
   * @throws IllegalStateException if a stream function has the name
   */
  public void register(String function, StreamFunction f) {
    functions.register(function, f);
  }

  /**
   * Loads a dataset: every part is loaded by some member, in parallel. When this returns, the
   * dataset is visible under its name on every node, and unless it is {@link Lifetime#SESSION}
   * every extent has a verified copy in a durable store. Nobody ever sees half of it: if it throws,
   * there is no dataset, except with {@link io.quire.ns.NsException.Indeterminate}.
   *
   * <p>A part whose member fails is loaded again by another, up to 8 times in all. Whether the name
   * is taken is decided at the end. Blocks until then: for {@link DatasetsConfig#loadDeadline} at
   * the most until all is loaded, and then for a change of the namespace.
   *
   * @param schema stored with the dataset, not interpreted
   * @param arguments for the function, up to 1 MiB
   * @param parts 1 to 1,048,576
   * @throws io.quire.ns.NsException.NameTaken if the namespace has the name
   * @throws DatasetsException.UnknownFunction if this node, or one that is given a part, does not
   *     know the function
   * @throws DatasetsException.FunctionFailed if the function threw; nothing is tried again then
   * @throws DatasetsException.TooManyExtents if there are more than one object can name
   * @throws DatasetsException.TakenBack if it was there for a moment, and is not any more
   * @throws NsException.Indeterminate if nobody knows whether it was there; it is not now
   * @throws DatasetsException.LoadAborted if a part failed on each member that was tried, or
   *     members went with what had been loaded
   * @throws DatasetsException.DeadlinePassed if it took too long
   * @throws IllegalArgumentException if arguments or parts are out of range
   */
  public NsObject load(
      NsHandle ns,
      String name,
      Lifetime lifetime,
      byte[] schema,
      String function,
      byte[] arguments,
      int parts,
      Progress progress) {
    return load(ns, name, lifetime, schema, function, arguments, parts, _ -> {}, progress);
  }

  /** As below, with the usual options. */
  public NsObject load(
      NsHandle ns,
      String name,
      Lifetime lifetime,
      byte[] schema,
      String function,
      byte[] arguments,
      int parts,
      Consumer<Descriptor> acceptance,
      Progress progress) {
    return load(
        ns,
        name,
        lifetime,
        LoadOptions.DEFAULTS,
        schema,
        function,
        arguments,
        parts,
        acceptance,
        progress);
  }

  /**
   * As above, with options, and with a last look before it is published.
   *
   * <p>With replicas each extent is held by so many nodes before this returns, in their memory or
   * on their flash. The loss of all but one of them then loses nothing: what is scanned, streamed
   * or read goes on with another. A node that was started anew holds nothing any more, and spares
   * are not made again; {@link Lifetime#SESSION} still ends with the node that loads.
   *
   * @param acceptance given what the dataset would be made of; if it throws there is no dataset,
   *     and its exception is this method's
   * @throws DatasetsException.TooFewMembers before anything is loaded if there are fewer members
   *     than replicas, and later if there are no more; nothing is left then
   */
  public NsObject load(
      NsHandle ns,
      String name,
      Lifetime lifetime,
      LoadOptions options,
      byte[] schema,
      String function,
      byte[] arguments,
      int parts,
      Consumer<Descriptor> acceptance,
      Progress progress) {
    return load(
        ns,
        name,
        lifetime,
        options,
        schema,
        function,
        arguments,
        parts,
        acceptance,
        Restart.ANEW,
        progress);
  }

  /**
   * As above, and perhaps with the parts of an attempt before.
   *
   * <p>A load of anything but {@link Lifetime#SESSION} stands in the log while it is under way. One
   * whose coordinator died, or was out of the view when it failed, is kept there for {@link
   * OrphanConfig#keepLoads} with the parts that were finished. The same load, asked for again on
   * any node, may go on with those ({@link Restart}), also with another number of replicas; another
   * one under its name gives it up.
   */
  public NsObject load(
      NsHandle ns,
      String name,
      Lifetime lifetime,
      LoadOptions options,
      byte[] schema,
      String function,
      byte[] arguments,
      int parts,
      Consumer<Descriptor> acceptance,
      Restart restart,
      Progress progress) {
    namespaces.lookup(ns, name); // refuses a bad name early
    return loaded(
        new Publication.NewObject(ns, name, lifetime, options.replicas()),
        job(function, arguments, parts, schema, acceptance),
        restart,
        progress);
  }

  private LoadRun.Job job(
      String function,
      byte[] arguments,
      int parts,
      byte[] schema,
      Consumer<Descriptor> acceptance) {
    if (parts < 1 || parts > PARTS_MAX) {
      throw new IllegalArgumentException(
          "parts out of range: parts=" + parts + " allowed=1.." + PARTS_MAX);
    }
    checkArguments(arguments);
    known(function, () -> functions.load(function));
    return new LoadRun.Job(function, arguments, parts, schema, acceptance);
  }

  private NsObject loaded(
      Publication.Target target, LoadRun.Job job, Restart restart, Progress progress) {
    byte[] request =
        switch (restart) {
          case ANEW -> new byte[0];
          case WITH_FINISHED_PARTS -> LoadRequest.digest(target, job);
        };
    return published(
        target,
        LoadRequest.note(target, request, job.parts()),
        Optional.empty(),
        publication -> new LoadRun(members, publication, config, counters, job, progress).run());
  }

  /**
   * Appends to a dataset: loads more, as {@link #load} does, and publishes it as the next version,
   * on all nodes at once. Each version has all that the one before has, in the same places, and
   * behind it what was appended; whoever works with an older version goes on with that. If others
   * append or change it meanwhile, what was loaded goes behind theirs. If it throws, there is no
   * new version of it, except with {@link io.quire.ns.NsException.Indeterminate}. What is appended
   * has as many replicas as the dataset was loaded with.
   *
   * @param dataset any version; a durable one gets durable extents
   * @param acceptance given what would be appended; if it throws nothing is
   * @return the new version; the current one, if there was nothing to append
   * @throws DatasetsException.Gone if the dataset was deleted
   * @throws DatasetsException.TooFewMembers as {@link #load} does
   * @throws DatasetsException why the data could not be loaded
   */
  public NsObject append(
      NsObject dataset,
      String function,
      byte[] arguments,
      int parts,
      Consumer<Descriptor> acceptance,
      Progress progress) {
    return append(dataset, function, arguments, parts, acceptance, Restart.ANEW, progress);
  }

  /** As above, perhaps with the parts of an attempt before: see {@link #load}. */
  public NsObject append(
      NsObject dataset,
      String function,
      byte[] arguments,
      int parts,
      Consumer<Descriptor> acceptance,
      Restart restart,
      Progress progress) {
    Descriptor descriptor = layouts.of(dataset).descriptor();
    LoadRun.Job job = job(function, arguments, parts, descriptor.schema(), acceptance);
    Publication.Target target = new Publication.NewVersion(dataset, descriptor.replicas());
    return loaded(target, job, restart, progress);
  }

  /**
   * Appends the lines of a stream, as {@link #loadLines} loads them and {@link #append} publishes
   * them.
   *
   * @param in read to its end, not closed
   * @throws java.io.UncheckedIOException if the stream fails
   */
  public NsObject appendLines(NsObject dataset, InputStream in, Progress progress) {
    int replicas = layouts.of(dataset).descriptor().replicas(); // refuses what is no dataset
    return linesLoaded(new Publication.NewVersion(dataset, replicas), in, progress);
  }

  /**
   * Loads the lines of a stream: cuts it at the ends of lines into extents (lines longer than an
   * extent are cut hard) and spreads these over all members. The dataset has one column and one
   * group for each extent; {@link #read} gives back the stream. Otherwise as {@link #load}, but a
   * stream cannot be read again: if a member dies and the dataset is not durable, the load fails.
   *
   * @param in read to its end, not closed
   * @throws java.io.UncheckedIOException if the stream fails
   */
  public NsObject loadLines(
      NsHandle ns, String name, Lifetime lifetime, InputStream in, Progress progress) {
    return loadLines(ns, name, lifetime, LoadOptions.DEFAULTS, in, progress);
  }

  /**
   * As above, with options. With replicas the load fails whenever a member dies that holds some of
   * it, since the stream cannot be read again.
   *
   * @throws DatasetsException.TooFewMembers as {@link #load} does
   */
  public NsObject loadLines(
      NsHandle ns,
      String name,
      Lifetime lifetime,
      LoadOptions options,
      InputStream in,
      Progress progress) {
    namespaces.lookup(ns, name); // refuses a bad name early
    return linesLoaded(
        new Publication.NewObject(ns, name, lifetime, options.replicas()), in, progress);
  }

  private NsObject linesLoaded(Publication.Target target, InputStream in, Progress progress) {
    return groupsLoaded(target, new byte[0], Optional.empty(), sink -> cut(in, sink), progress);
  }

  private void cut(InputStream in, ExtentSink sink) throws IOException {
    LineCutter cutter = new LineCutter(in, config.extentBytes());
    for (int group = 0; cutter.next(); group++) {
      LineCutter.Piece piece = cutter.piece();
      sink.extent(
          group,
          0,
          piece.lines(),
          piece.bytes().length,
          to -> to.copyFrom(MemorySegment.ofArray(piece.bytes())));
    }
  }

  /**
   * Loads row groups that are made here, one after the other, and spreads them over all members.
   * Otherwise as {@link #load}, but what is made cannot be made again: if a member dies that holds
   * some of it, and the dataset is not durable or has replicas, the load fails.
   *
   * @param schema stored with the dataset, not interpreted
   * @param mark a name for this load: if a dataset of this name was loaded with the same mark
   *     before, that is answered, and this one has no effect. So a load of which it is not known
   *     whether it happened can be done again
   * @throws java.io.UncheckedIOException if making them fails so
   */
  public NsObject loadGroups(
      NsHandle ns,
      String name,
      Lifetime lifetime,
      LoadOptions options,
      byte[] schema,
      Optional<UUID> mark,
      GroupMaker maker,
      Progress progress) {
    namespaces.lookup(ns, name); // refuses a bad name early
    return groupsLoaded(
        new Publication.NewObject(ns, name, lifetime, options.replicas()),
        schema,
        mark,
        maker,
        progress);
  }

  /**
   * Appends row groups that are made here, as {@link #loadGroups} loads them and {@link #append}
   * publishes them.
   *
   * @param mark as there; the dataset is answered as it is now
   * @throws java.io.UncheckedIOException if making them fails so
   */
  public NsObject appendGroups(
      NsObject dataset, Optional<UUID> mark, GroupMaker maker, Progress progress) {
    int replicas = layouts.of(dataset).descriptor().replicas(); // refuses what is no dataset
    return groupsLoaded(
        new Publication.NewVersion(dataset, replicas), new byte[0], mark, maker, progress);
  }

  private NsObject groupsLoaded(
      Publication.Target target,
      byte[] schema,
      Optional<UUID> mark,
      GroupMaker maker,
      Progress progress) {
    return published(
        target,
        LoadRequest.note(target, new byte[0], 0),
        mark,
        publication ->
            new GroupLoad(members, publication, ager, registry, taking, workers, config, progress)
                .run(schema, maker));
  }

  /** A load, by a publication of its own. */
  private interface Loading {
    NsObject run(Publication publication);
  }

  private NsObject published(
      Publication.Target target, LoadNote wanted, Optional<UUID> mark, Loading load) {
    namespaces.require(target.namespace(), Access.WRITER); // refused early, as is a bad name
    members.require(target.name(), target.replicas());
    Claim claim = claims.open(target, wanted);
    boolean published = false;
    Publication publication =
        new Publication(
            members, whole.namespaces, namespaces, config, layouts, claim, target, mark);
    try {
      NsObject object = load.run(publication);
      published = true;
      return object;
    } finally {
      if (!publication.unsettled()) {
        claim.end(); // while it is still among the loads of this node: others take it over else
      }
      loading.remove(claim.xid());
      (published ? counters.loads : counters.loadsFailed).increment();
    }
  }

  /**
   * What the version given is made of; decoded once and kept for a while. Asks nobody.
   *
   * @throws DatasetsException.NotADataset if the object is none
   */
  public Descriptor descriptor(NsObject dataset) {
    return layouts.of(dataset).descriptor();
  }

  /** Names the version that is given. */
  public DatasetVersion version(NsObject dataset) {
    Layout layout = layouts.of(dataset);
    return new DatasetVersion(layout.descriptor().extents().size(), layout.checksum());
  }

  /**
   * What a version of a dataset is made of.
   *
   * @param later that version, or any after it
   * @throws DatasetsException.Gone if it is none of these: what was appended was taken back
   */
  public Descriptor descriptor(NsObject later, DatasetVersion version) {
    Layout layout = layouts.of(later);
    if (!layout.beginsWith(version.extents(), version.checksum())) {
      throw new DatasetsException.Gone(
          "no such version: name=%s extents=%d checksum=%08x"
              .formatted(later.name(), version.extents(), version.checksum()));
    }
    return layout.descriptor().first(version.extents());
  }

  /**
   * Runs a function over all row groups of the version given, where they are, in fragments; answers
   * one partial for each fragment, in no order. Groups of members that fail during the run are
   * given to others, which have spares or read the durable copies; the partials together cover each
   * group exactly once. Blocks; all partials lie in the memory of this node at the end. If it is
   * interrupted, or fails, the nodes stop after the row group that they are at.
   *
   * @param arguments for the function, up to 1 MiB
   * @throws DatasetsException.UnknownFunction if a node that is asked does not know the function
   * @throws DatasetsException.FunctionFailed if the function threw
   * @throws DatasetsException.ExtentsLost if needed extents are held nowhere and have no copy
   * @throws DatasetsException.DeadlinePassed after the deadline, with the last failure
   * @throws DatasetsException.Gone if the dataset was deleted
   * @throws DatasetsException.Interrupted if the thread was interrupted, and still is
   */
  public List<byte[]> scan(
      NsObject dataset, String function, byte[] arguments, Duration deadline, Progress progress) {
    checkArguments(arguments);
    ScanFunction known = known(function, () -> functions.scan(function));
    ScanRun.Job job = new ScanRun.Job(function, arguments, needed(known, arguments));
    try (Layouts.Opened opened = layouts.open(dataset)) {
      List<byte[]> partials =
          new ScanRun(members, config, counters, opened, job, Deadline.in(deadline), progress)
              .run();
      counters.scans.increment();
      return partials;
    }
  }

  private static int[] needed(ScanFunction function, byte[] arguments) {
    return needed(function.columns(arguments), function.guard(arguments));
  }

  private static int[] needed(int[] columns, OptionalInt guard) {
    return IntStream.concat(IntStream.of(columns), guard.stream()).distinct().toArray();
  }

  /**
   * Begins to stream what a function picks from the row groups of the version given, where they
   * are. Close it. Nothing is read before it is asked for.
   *
   * @param arguments for the function, up to 1 MiB
   * @param deadline for all of it, the time included for which nobody asks
   * @throws DatasetsException.Gone if the dataset was deleted
   * @throws DatasetsException.UnknownFunction if this node does not know the function
   */
  public ScanStream stream(
      NsObject dataset, String function, byte[] arguments, ScanOrder order, Duration deadline) {
    checkArguments(arguments);
    StreamFunction known = known(function, () -> functions.stream(function));
    int[] needed = needed(known.columns(arguments), known.guard(arguments));
    Layouts.Opened opened = layouts.open(dataset);
    boolean streaming = false;
    try {
      ScanStream.Job job = new ScanStream.Job(function, arguments, needed, order);
      ScanStream stream =
          new ScanStream(members, config, counters, opened, job, Deadline.in(deadline));
      streaming = true;
      return stream;
    } finally {
      if (!streaming) {
        opened.close();
      }
    }
  }

  /**
   * Begins to read columns here, group by group, from wherever they are. Close it: until then the
   * data stay, though the dataset may be deleted.
   *
   * @param columns at least one; each group has them
   * @param deadlineEach for each extent
   * @throws IllegalArgumentException if a group does not have a column
   * @throws DatasetsException.Gone if the dataset was deleted
   */
  public GroupReader groups(NsObject dataset, int[] columns, Duration deadlineEach) {
    return groups(dataset, columns, _ -> true, deadlineEach);
  }

  /**
   * As above, of some groups only.
   *
   * @param which asked once for each group, in their order, with one of its extents
   */
  public GroupReader groups(
      NsObject dataset, int[] columns, Predicate<ExtentInfo> which, Duration deadlineEach) {
    if (columns.length == 0) {
      throw new IllegalArgumentException("no columns: wanted at least 1");
    }
    Layouts.Opened opened = layouts.open(dataset);
    boolean reading = false;
    try {
      List<ExtentInfo> wanted = GroupReader.wanted(opened.layout(), columns, which);
      GroupReader reader =
          new GroupReader(opened, readOf(opened, wanted, deadlineEach), columns.clone());
      reading = true;
      return reader;
    } finally {
      if (!reading) {
        opened.close();
      }
    }
  }

  private DatasetRead readOf(
      Layouts.Opened opened, List<ExtentInfo> wanted, Duration deadlineEach) {
    return new DatasetRead(members, ager, registry, pull, workers, opened, wanted, deadlineEach);
  }

  /** As {@link #read}, of what was kept aside; nothing, if nothing was. */
  public void readAside(NsObject dataset, ByteSink sink, Duration deadlineEach) {
    read(dataset, ExtentInfo::aside, sink, deadlineEach);
  }

  /**
   * Gives all bytes that are not kept aside, in the order of the extents, from wherever they are:
   * this node's memory, that of other nodes, or the durable store. Every extent is verified before
   * the sink sees it.
   *
   * @param deadlineEach for each extent
   * @throws DatasetsException.ExtentsLost if an extent is in memory nowhere and has no copy; what
   *     came before it was given to the sink
   * @throws DatasetsException.Gone if the dataset was deleted
   */
  public void read(NsObject dataset, ByteSink sink, Duration deadlineEach) {
    read(dataset, info -> !info.aside(), sink, deadlineEach);
  }

  private void read(
      NsObject dataset, Predicate<ExtentInfo> which, ByteSink sink, Duration deadlineEach) {
    try (Layouts.Opened opened = layouts.open(dataset)) {
      List<ExtentInfo> wanted =
          opened.layout().descriptor().extents().stream().filter(which).toList();
      try (DatasetRead read = readOf(opened, wanted, deadlineEach)) {
        read.run(sink);
      }
    }
  }

  /** Who writes durable copies for a member: the ager of a node has to have this owner. */
  public static String owner(Member member) {
    return member.node() + "-" + Long.toHexString(member.incarnation());
  }

  /**
   * Looks for durable copies that no dataset and no load needs, in all stores of this node, whoever
   * wrote them; {@link OrphanConfig} says when that is done without being asked for. One search at
   * a time.
   *
   * @param mode whether files in which there is nothing else are removed
   * @param deadline after which it ends soon, and says that it is not complete
   * @throws IllegalStateException if this acts for a principal
   * @throws io.quire.ns.NsException if this node cannot know what is needed
   */
  public Orphans orphans(OrphanSearch.Mode mode, Duration deadline) {
    refuseOthers("looking for orphans");
    return storeSweep.run(OrphanSearch.Stores.ALL, mode, deadline);
  }

  /**
   * How many loads stand in the log whose coordinator is gone: their finished parts are kept, and
   * what is asked for again goes on with them.
   *
   * @throws IllegalStateException if this acts for a principal
   */
  public int brokenLoads() {
    refuseOthers("looking for loads");
    return claims.broken();
  }

  /**
   * Gives up the loads whose coordinator is gone, at once.
   *
   * @return how many
   * @throws IllegalStateException if this acts for a principal
   */
  public int giveUpBrokenLoads() {
    refuseOthers("giving up loads");
    return claims.giveUpBroken();
  }

  private void refuseOthers(String doing) {
    if (whole != this) {
      throw new IllegalStateException("only for the node itself: " + doing);
    }
  }

  /**
   * What this node holds now and has done so far. Costs a look at each extent that it holds, and no
   * message; the figures are not of one moment together.
   */
  public DatasetsStats stats() {
    return counters.stats(registry, courses);
  }

  /**
   * Ends what this node does for datasets, within a second or so; their extents stay in the ager.
   */
  @Override
  public void close() {
    if (whole == this) {
      storeSweep.close();
      sweep.close();
      courses.close();
      workers.close();
    }
  }

  private <F> F known(String function, Supplier<F> find) {
    try {
      return find.get();
    } catch (Refusal e) {
      throw new DatasetsException.UnknownFunction(function, self.node());
    }
  }

  private static void checkArguments(byte[] arguments) {
    if (arguments.length > ARGUMENT_BYTES_MAX) {
      throw new IllegalArgumentException(
          "arguments too large: bytes=" + arguments.length + " max=" + ARGUMENT_BYTES_MAX);
    }
  }
}

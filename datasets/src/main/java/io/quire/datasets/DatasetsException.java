package io.quire.datasets;

import io.quire.base.NodeId;

/** Why a load, a scan or a read did not give what was asked for. Nothing was published. */
public abstract sealed class DatasetsException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private DatasetsException(String message) {
    super(message);
  }

  /** Extents are nowhere: the nodes that held them lost their memory, and no copy can be read. */
  public static final class ExtentsLost extends DatasetsException {
    private static final long serialVersionUID = 1;

    private final String dataset;
    private final int extents;
    private final transient ExtentInfo example;

    ExtentsLost(String dataset, int extents, ExtentInfo example) {
      super(
          "extents lost: dataset=%s extents=%d owner=%s spares=%s durable=%s example=[%s]"
              .formatted(
                  dataset,
                  extents,
                  example.owner(),
                  example.spares(),
                  durable(example),
                  example.place()));
      this.dataset = dataset;
      this.extents = extents;
      this.example = example;
    }

    private static String durable(ExtentInfo info) {
      if (info.durable() == null) {
        return "no";
      }
      return info.readableElsewhere() ? "unreadable" : "only on the flash of its owner";
    }

    /** Name of the dataset. */
    public String dataset() {
      return dataset;
    }

    /** How many are known to be lost; there may be more. */
    public int extents() {
      return extents;
    }

    /** One of them. */
    public ExtentInfo example() {
      return example;
    }

    /** The node that loaded the example. */
    public NodeId owner() {
      return example.owner();
    }
  }

  /** A function threw, or gave what it may not give. */
  public static final class FunctionFailed extends DatasetsException {
    private static final long serialVersionUID = 1;

    FunctionFailed(String function, NodeId node, String why) {
      super("function failed: function=" + function + " node=" + node + " reason=" + why);
    }
  }

  /** A node does not know a function. */
  public static final class UnknownFunction extends DatasetsException {
    private static final long serialVersionUID = 1;

    UnknownFunction(String function, NodeId node) {
      super("no such function: function=" + function + " node=" + node);
    }
  }

  /** The object is no dataset, or its value is no descriptor. */
  public static final class NotADataset extends DatasetsException {
    private static final long serialVersionUID = 1;

    NotADataset(String message) {
      super(message);
    }
  }

  /** The object was deleted, and its data are gone or going. */
  public static final class Gone extends DatasetsException {
    private static final long serialVersionUID = 1;

    Gone(String message) {
      super(message);
    }
  }

  /** The descriptor would be larger than an object's value may be: use larger extents. */
  public static final class TooManyExtents extends DatasetsException {
    private static final long serialVersionUID = 1;

    TooManyExtents(String dataset, int extents, long bytes, long bytesMax) {
      super(
          "too many extents: dataset=%s extents=%d descriptorBytes=%d max=%d"
              .formatted(dataset, extents, bytes, bytesMax));
    }
  }

  /** There are fewer members than each extent is to have holders. */
  public static final class TooFewMembers extends DatasetsException {
    private static final long serialVersionUID = 1;

    TooFewMembers(String dataset, int replicas, int members) {
      super(
          "too few members: dataset=%s replicas=%d members=%d"
              .formatted(dataset, replicas, members));
    }
  }

  /** It was not done in time. */
  public static final class DeadlinePassed extends DatasetsException {
    private static final long serialVersionUID = 1;

    DeadlinePassed(String message) {
      super(message);
    }
  }

  /** A load could not be finished. */
  public static final class LoadAborted extends DatasetsException {
    private static final long serialVersionUID = 1;

    LoadAborted(String message) {
      super(message);
    }
  }

  /**
   * It was published, and is taken back: members had dropped what was loaded, while this node was
   * paused. Others may have seen it meanwhile.
   */
  public static final class TakenBack extends DatasetsException {
    private static final long serialVersionUID = 1;

    TakenBack(String message) {
      super(message);
    }
  }

  /** The calling thread was interrupted; its flag is set again. */
  public static final class Interrupted extends DatasetsException {
    private static final long serialVersionUID = 1;

    Interrupted(String doing) {
      super("interrupted: during=" + doing);
    }
  }
}

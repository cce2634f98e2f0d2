package io.quire.bench;

import java.util.List;

/** All areas. */
public final class Areas {
  private static final List<Area> ALL =
      List.of(
          new ProtocolArea(),
          new NamesArea(),
          new AgerArea(),
          new DatasetsArea(),
          new AllocArea(),
          new PolicyArea(),
          tpch(1, 1));

  private Areas() {}

  /**
   * The queries of TPC-H at a scale.
   *
   * @param scale 1 is a gigabyte of text; 0.001 to 3
   * @param nodes of ours, 1 to 8, which share the memory
   * @throws IllegalArgumentException if one is out of range
   */
  public static Area tpch(double scale, int nodes) {
    return new TpchArea(scale, nodes);
  }

  public static List<Area> all() {
    return ALL;
  }

  /**
   * The area of a name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static Area named(String name) {
    return ALL.stream()
        .filter(area -> area.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "no such area: name=%s known=%s"
                        .formatted(name, ALL.stream().map(Area::name).toList())));
  }
}

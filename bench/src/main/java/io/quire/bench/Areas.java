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
          new PolicyArea());

  private Areas() {}

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

package io.quire.cli;

import io.quire.datasets.LoadOptions;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** By how many nodes what is loaded is held. */
final class ReplicasOption {
  @Option(
      names = "--replicas",
      paramLabel = "N",
      defaultValue = "1",
      converter = Converter.class,
      description = {
        "by how many nodes everything is held, 1 to 3 (default: 1)",
        "With N of them, the loss of N - 1 nodes loses nothing."
      })
  private LoadOptions options = LoadOptions.DEFAULTS;

  LoadOptions options() {
    return options;
  }

  private static final class Converter implements ITypeConverter<LoadOptions> {
    @Override
    public LoadOptions convert(String text) {
      try {
        return LoadOptions.DEFAULTS.withReplicas(Integer.parseInt(text));
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(
            "not a number of replicas: '" + text + "', wanted 1, 2 or 3");
      }
    }
  }
}

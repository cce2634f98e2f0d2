package io.quire.formats;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.arrow.vector.types.pojo.Schema;

/**
 * Finds the columns of files of lines, and their types, by reading the begin of some. Used once, by
 * one thread.
 */
final class Inference {
  private final FileSystems files;
  private final Sampling sampling;
  private final Map<String, Guess> guesses = new LinkedHashMap<>();
  private long rows;
  private boolean allSeen = true;

  Inference(FileSystems files, Sampling sampling) {
    this.files = files;
    this.sampling = sampling;
  }

  Schema csv(List<InputFile> all, Format.Csv csv) {
    for (InputFile file : sample(all)) {
      try {
        csv(file, csv);
      } catch (IOException e) {
        throw FileSystems.failed(file.uri(), e);
      }
    }
    return schema(all);
  }

  Schema json(List<InputFile> all) {
    for (InputFile file : sample(all)) {
      try {
        json(file);
      } catch (IOException e) {
        throw FileSystems.failed(file.uri(), e);
      }
    }
    return schema(all);
  }

  private List<InputFile> sample(List<InputFile> all) {
    List<InputFile> full = all.stream().filter(file -> file.bytes() > 0).toList();
    if (full.size() <= sampling.files()) {
      return full;
    }
    allSeen = false;
    List<InputFile> some = new ArrayList<>();
    for (long i = 0; i < sampling.files(); i++) {
      some.add(full.get((int) (i * full.size() / sampling.files())));
    }
    return some;
  }

  private Schema schema(List<InputFile> all) {
    if (guesses.isEmpty()) {
      throw new FormatsException.BadSchema(
          "nothing to find columns in: files=%d rows=%d".formatted(all.size(), rows));
    }
    return new Schema(
        guesses.entrySet().stream()
            .map(guess -> guess.getValue().field(guess.getKey(), allSeen))
            .toList());
  }

  private void csv(InputFile file, Format.Csv csv) throws IOException {
    CsvSample sample = new CsvSample(csv.nullText());
    LineReader lines = Opening.lines(files, file, 0, file.bytes(), Opening.SAMPLE_RECORD_BYTES);
    try (CsvRecords records =
        new CsvRecords(lines, csv, Opening.SAMPLE_RECORD_BYTES, file.uri(), sample)) {
      List<String> names =
          csv.header() ? Opening.header(file.uri(), records, sample.fields, csv) : null;
      for (int seen = 0; ; seen++) {
        if (seen == sampling.rows()) {
          allSeen = false;
          return;
        }
        sample.fields.clear();
        try {
          if (!records.next()) {
            return;
          }
        } catch (BadRecord e) {
          continue;
        }
        int count = sample.fields.size() - (csv.closed() ? 1 : 0);
        if (names == null) {
          names = Opening.numbered(count);
        }
        if (count == names.size()) {
          see(names, sample);
        }
      }
    }
  }

  private void see(List<String> names, CsvSample sample) {
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < names.size(); i++) {
      Guess guess = guess(names.get(i));
      seen.add(names.get(i));
      CsvSample.Value value = sample.fields.get(i);
      if (value.isNull()) {
        guess.seeNull();
      } else if (value.quoted() && value.bytes().length == 0) {
        guess.seeString();
      } else {
        guess.see(value.bytes(), 0, value.bytes().length);
      }
    }
    rowSeen(seen);
  }

  private void json(InputFile file) throws IOException {
    JsonSample sample = new JsonSample();
    LineReader lines = Opening.lines(files, file, 0, file.bytes(), Opening.SAMPLE_RECORD_BYTES);
    try (JsonRecords records = new JsonRecords(lines, Opening.SAMPLE_RECORD_BYTES, sample)) {
      for (int seen = 0; ; seen++) {
        if (seen == sampling.rows()) {
          allSeen = false;
          return;
        }
        sample.names.clear();
        try {
          if (!records.next()) {
            return;
          }
          rowSeen(sample.names);
        } catch (BadRecord e) {
          // What was seen of it makes a guess wider, never wrong.
          continue;
        }
      }
    }
  }

  /** A new column was null in all rows before. */
  private Guess guess(String name) {
    Guess guess = guesses.get(name);
    if (guess == null) {
      if (guesses.size() == SchemaText.COLUMNS_MAX) {
        throw new FormatsException.BadSchema("too many columns: max=" + SchemaText.COLUMNS_MAX);
      }
      guess = new Guess(sampling.decimals());
      if (rows > 0) {
        guess.seeNull();
      }
      guesses.put(name, guess);
    }
    return guess;
  }

  private void rowSeen(Set<String> names) {
    rows++;
    if (names.size() < guesses.size()) {
      guesses.forEach(
          (name, guess) -> {
            if (!names.contains(name)) {
              guess.seeNull();
            }
          });
    }
  }

  private final class JsonSample implements JsonRecords.Sink {
    private final Set<String> names = new LinkedHashSet<>();

    @Override
    public boolean wants(String name) {
      return true;
    }

    @Override
    public void field(String name, JsonRecords.Kind kind, byte[] b, int off, int len) {
      names.add(name);
      Guess guess = guess(name);
      switch (kind) {
        case TEXT -> guess.seeText(b, off, len);
        case NUMBER -> guess.seeNumber(b, off, len);
        case TRUTH -> guess.seeTruth();
        case NOTHING -> guess.seeNull();
        case NESTED -> guess.seeString();
      }
    }
  }
}

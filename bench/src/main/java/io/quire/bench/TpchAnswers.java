package io.quire.bench;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The answers that TPC-H publishes for scale 1. A star stands for a text that differs between
 * versions of its generator, addresses and comments, while all else is the same.
 */
final class TpchAnswers {
  private static final String ANY = "*";
  private static final int DIGITS = 2;

  private static final Map<String, List<String>> SCALE_1 =
      Map.of(
          "q1",
          lines(
              """
              A|F|37734107.00|56586554400.73|53758257134.87|55909065222.83|25.52|38273.13|0.05|1478493
              N|F|991417.00|1487504710.38|1413082168.05|1469649223.19|25.52|38284.47|0.05|38854
              N|O|74476040.00|111701729697.74|106118230307.61|110367043872.50|25.50|38249.12|0.05|2920374
              R|F|37719753.00|56568041380.90|53741292684.60|55889619119.83|25.51|38250.85|0.05|1478870
              """),
          "q3",
          lines(
              """
              2456423|406181.01|1995-03-05|0
              3459808|405838.70|1995-03-04|0
              492164|390324.06|1995-02-19|0
              1188320|384537.94|1995-03-09|0
              2435712|378673.06|1995-02-26|0
              4878020|378376.80|1995-03-12|0
              5521732|375153.92|1995-03-13|0
              2628192|373133.31|1995-02-22|0
              993600|371407.46|1995-03-05|0
              2300070|367371.15|1995-03-13|0
              """),
          "q5",
          lines(
              """
              INDONESIA|55502041.17
              VIETNAM|55295087.00
              CHINA|53724494.26
              INDIA|52035512.00
              JAPAN|45410175.70
              """),
          "q6",
          lines("123141078.23"),
          "q10",
          lines(
              """
              57040|Customer#000057040|734235.25|632.87|JAPAN|*|22-895-641-3466|*
              143347|Customer#000143347|721002.69|2557.47|EGYPT|*|14-742-935-3718|*
              60838|Customer#000060838|679127.31|2454.77|BRAZIL|*|12-913-494-9813|*
              101998|Customer#000101998|637029.57|3790.89|UNITED KINGDOM|*|33-593-865-6378|*
              125341|Customer#000125341|633508.09|4983.51|GERMANY|*|17-582-695-5962|*
              25501|Customer#000025501|620269.78|7725.04|ETHIOPIA|*|15-874-808-6793|*
              115831|Customer#000115831|596423.87|5098.10|FRANCE|*|16-715-386-3788|*
              84223|Customer#000084223|594998.02|528.65|UNITED KINGDOM|*|33-442-824-8191|*
              54289|Customer#000054289|585603.39|5583.02|IRAN|*|20-834-292-4707|*
              39922|Customer#000039922|584878.11|7321.11|GERMANY|*|17-147-757-8036|*
              6226|Customer#000006226|576783.76|2230.09|UNITED KINGDOM|*|33-657-701-3391|*
              922|Customer#000000922|576767.53|3869.25|GERMANY|*|17-945-916-9648|*
              147946|Customer#000147946|576455.13|2030.13|ALGERIA|*|10-886-956-3143|*
              115640|Customer#000115640|569341.19|6436.10|ARGENTINA|*|11-411-543-4901|*
              73606|Customer#000073606|568656.86|1785.67|JAPAN|*|22-437-653-6966|*
              110246|Customer#000110246|566842.98|7763.35|VIETNAM|*|31-943-426-9837|*
              142549|Customer#000142549|563537.24|5085.99|INDONESIA|*|19-955-562-2398|*
              146149|Customer#000146149|557254.99|1791.55|ROMANIA|*|29-744-164-6487|*
              52528|Customer#000052528|556397.35|551.79|ARGENTINA|*|11-208-192-3205|*
              23431|Customer#000023431|554269.54|3381.86|ROMANIA|*|29-915-458-2654|*
              """),
          "q12",
          lines(
              """
              MAIL|6202|9324
              SHIP|6200|9262
              """),
          "q14",
          lines("16.38"),
          "q19",
          lines("3083843.06"));

  private final Map<String, List<String>> published;

  private TpchAnswers(Map<String, List<String>> published) {
    this.published = published;
  }

  /** Those of a scale; none but for 1. */
  static TpchAnswers of(double scale) {
    return new TpchAnswers(scale == 1 ? SCALE_1 : Map.of());
  }

  static TpchAnswers none() {
    return new TpchAnswers(Map.of());
  }

  private static List<String> lines(String text) {
    return text.lines().toList();
  }

  /** Whether an answer is the published one, to the cent; empty if none is. */
  Optional<Boolean> isPublished(String query, List<String> answer) {
    return Optional.ofNullable(published.get(query)).map(wanted -> isLike(answer, wanted));
  }

  private static boolean isLike(List<String> answer, List<String> wanted) {
    if (answer.size() != wanted.size()) {
      return false;
    }
    for (int i = 0; i < wanted.size(); i++) {
      String[] fields = answer.get(i).split("\\|", -1);
      String[] others = wanted.get(i).split("\\|", -1);
      if (fields.length != others.length) {
        return false;
      }
      for (int f = 0; f < fields.length; f++) {
        if (!isLike(fields[f], others[f])) {
          return false;
        }
      }
    }
    return true;
  }

  private static boolean isLike(String field, String wanted) {
    if (wanted.equals(ANY) || wanted.equals(field)) {
      return true;
    }
    if (!wanted.matches("-?[0-9]+\\.[0-9]{2}") || !field.matches("-?[0-9]+(\\.[0-9]+)?")) {
      return false;
    }
    return new BigDecimal(field)
        .setScale(DIGITS, RoundingMode.HALF_UP)
        .equals(new BigDecimal(wanted));
  }
}

package io.quire.formats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Test;

final class SchemaTextTest {
  private static final String ALL =
      "a:bool, b:byte, c:short, d:int, e:long?, f:float, g:double, h:decimal(15,2), i:date, "
          + "j:time, k:time(ms), l:timestamp, m:timestamp(ns), n:instant(s)?, o:string, p:binary, "
          + "\"a, \"\"b\"\"\":string?, größe_2:decimal(38,38)";

  @Test
  void parse_andPrint_areInverse() {
    Schema schema = SchemaText.parse(ALL);
    assertThat(SchemaText.print(schema)).isEqualTo(ALL);
    assertThat(schema.getFields()).hasSize(18);
    assertThat(schema.findField("e").isNullable()).isTrue();
    assertThat(schema.findField("d").isNullable()).isFalse();
    assertThat(schema.findField("h").getType()).isEqualTo(new ArrowType.Decimal(15, 2, 128));
    assertThat(SchemaText.parse(" id : long ,price:decimal( 15 , 2 ) ? "))
        .isEqualTo(SchemaText.parse("id:long, price:decimal(15,2)?"));
  }

  @Test
  void print_ofAnySchema_parsesToIt() {
    Random random = new Random(3);
    List<Field> types = SchemaText.parse(ALL).getFields();
    for (int i = 0; i < 2_000; i++) {
      List<Field> fields = new ArrayList<>();
      for (int n = random.nextInt(5); n >= 0; n--) {
        StringBuilder name = new StringBuilder(n + "");
        for (int c = random.nextInt(6); c > 0; c--) {
          name.append("ab_9 \",:?()\\\n\té猫".charAt(random.nextInt(16)));
        }
        ArrowType type = types.get(random.nextInt(types.size())).getType();
        fields.add(SchemaText.field(name.toString(), type, random.nextBoolean()));
      }
      Schema schema = new Schema(fields);
      assertThat(SchemaText.parse(SchemaText.print(schema))).isEqualTo(schema);
    }
  }

  @Test
  void parse_ofWhatIsNone_saysWhatAndWhere() {
    refused("", "wanted=a name at=0");
    refused("a", "wanted=: at=1");
    refused("a:", "wanted=a type at=2");
    refused("a:lng", "no such type: found=lng at=2 rest=[lng]");
    refused("a:int b:int", "wanted=, or the end at=6");
    refused("a:int,", "wanted=a name at=6");
    refused("a:int,a:long", "column twice: name=a");
    refused("a:decimal", "wanted=( at=9");
    refused("a:decimal(39,2)", "not a decimal: digits=39 scale=2");
    refused("a:decimal(3,4)", "not a decimal: digits=3 scale=4");
    refused("a:decimal(x,4)", "not a number of one or two digits: found=x");
    refused("a:time(m)", "no such unit: found=m known=s,ms,us,ns");
    refused("\"a:int", "quote not closed at=0");
    refused("\"\":int", "an empty name");
    refused("a:int??", "wanted=, or the end");
  }

  @Test
  void parse_ofAnyText_givesASchemaOrIsRefused() {
    Random random = new Random(4);
    for (int i = 0; i < 20_000; i++) {
      StringBuilder text = new StringBuilder(ALL);
      for (int n = random.nextInt(3); n >= 0; n--) {
        int at = random.nextInt(text.length());
        text.replace(at, Math.min(text.length(), at + random.nextInt(9)), ":,?\"(".substring(n));
      }
      try {
        Schema schema = SchemaText.parse(text.toString());
        assertThat(SchemaText.parse(SchemaText.print(schema))).isEqualTo(schema);
      } catch (FormatsException.BadSchema e) {
        assertThat(e).hasMessageStartingWith("not a schema: ");
      }
    }
  }

  @Test
  void override_replacesSingleColumns() {
    Schema schema = SchemaText.parse("a:long, b:string?, c:double");
    assertThat(
            SchemaText.print(
                SchemaText.override(schema, SchemaText.parse("c:decimal(9,2)?, a:int"))))
        .isEqualTo("a:int, b:string?, c:decimal(9,2)?");
    assertThatThrownBy(() -> SchemaText.override(schema, SchemaText.parse("d:int")))
        .isInstanceOf(FormatsException.BadSchema.class)
        .hasMessage("no such column: found=d known=[a, b, c]");
  }

  private static void refused(String text, String why) {
    assertThatThrownBy(() -> SchemaText.parse(text))
        .isInstanceOf(FormatsException.BadSchema.class)
        .hasMessageContaining(why);
  }
}

package io.quire.harness;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.ModifiersTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.DocTrees;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePath;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.lang.model.element.Modifier;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;

/**
 * Whether each type, method, constructor and constant that others can call says in a comment what
 * it promises. The sources are parsed and nothing more, so it takes seconds.
 *
 * <p>A component of a record belongs to the comment of the record, and what overrides has the
 * comment of what it overrides. Tags alone are no comment: a sentence has to stand before them.
 */
final class PublicApiTest {
  private static final Path ROOT = Path.of("..");

  private static final List<String> MODULES =
      List.of(
          "base",
          "fabric",
          "liblog",
          "lockserver",
          "twopc",
          "libgvm",
          "libns",
          "ager",
          "columns",
          "datasets",
          "formats",
          "tables",
          "flight",
          "node");

  @Test
  void publicMembers_allHaveAComment() throws IOException {
    Members members = members(manager -> manager.getJavaFileObjectsFromPaths(sources()));
    assertThat(members.all.size()).as("public members").isGreaterThan(1000);
    assertThat(members.silent).as("public members without a comment").isEmpty();
  }

  @Test
  void publicMembers_withoutAComment_areNoticed() throws IOException {
    assertThat(
            silent(
                """
                public class Bare {
                  public static final int LIMIT = 1;
                  protected int kept;
                  public Bare() {}
                  public void act() {}
                  /** */
                  public void blank() {}
                  /** @return one */
                  public int tagged() { return 1; }
                  // No comment of the API.
                  public void line() {}
                  /** Says it. */
                  public interface Inner {
                    int LIMIT = 1;
                    void act();
                    default void more() {}
                    class Deep {
                      public void act() {}
                    }
                  }
                  public enum Colour { RED, /** Says it. */ BLUE }
                  public record Pair(int left, int right) {
                    public static Pair of() { return new Pair(1, 2); }
                    public Pair(int both) { this(both, both); }
                  }
                  public @interface Marked {
                    int value();
                  }
                }
                """))
        .containsExactly(
            "Snippet.java:1 Bare",
            "Snippet.java:2 Bare.LIMIT",
            "Snippet.java:3 Bare.kept",
            "Snippet.java:4 Bare.new",
            "Snippet.java:5 Bare.act",
            "Snippet.java:7 Bare.blank",
            "Snippet.java:9 Bare.tagged",
            "Snippet.java:11 Bare.line",
            "Snippet.java:14 Bare.Inner.LIMIT",
            "Snippet.java:15 Bare.Inner.act",
            "Snippet.java:16 Bare.Inner.more",
            "Snippet.java:17 Bare.Inner.Deep",
            "Snippet.java:18 Bare.Inner.Deep.act",
            "Snippet.java:21 Bare.Colour",
            "Snippet.java:21 Bare.Colour.RED",
            "Snippet.java:22 Bare.Pair",
            "Snippet.java:23 Bare.Pair.of",
            "Snippet.java:24 Bare.Pair.new",
            "Snippet.java:26 Bare.Marked",
            "Snippet.java:27 Bare.Marked.value");
  }

  @Test
  void whatOthersCannotCall_orHasItsCommentElsewhere_isLeftAlone() throws IOException {
    assertThat(
            silent(
                """
                /** Says it. */
                public final class Full {
                  private static final long serialVersionUID = 1L;
                  int ofThePackage;
                  private Full() {}
                  void ofThePackage() {}
                  @Override public String toString() { return ""; }
                  /** Says it. */
                  @Deprecated public void act() {
                    Object local = new Object() { public int hidden = 1; };
                  }
                  static class OfThePackage {
                    public void act() {}
                    public static class Deep { public void act() {} }
                  }
                  /** Says it. */
                  public interface Inner {
                    private void act() {}
                  }
                  /** Says it. */
                  public record Compact(int left, String right) {
                    public Compact { left++; }
                    public int left() { return left; }
                  }
                  /** Says it. */
                  public record Canonical(int left, String right) {
                    public Canonical(int left, String right) {
                      this.left = left;
                      this.right = right;
                    }
                  }
                }
                final class Second {
                  public void act() {}
                }
                """))
        .isEmpty();
  }

  private static List<Path> sources() throws IOException {
    List<Path> files = new ArrayList<>();
    for (String module : MODULES) {
      try (Stream<Path> all = Files.walk(ROOT.resolve(module).resolve("src/main/java"))) {
        all.filter(file -> file.toString().endsWith(".java")).sorted().forEach(files::add);
      }
    }
    return files;
  }

  private static List<String> silent(String source) throws IOException {
    JavaFileObject file =
        new SimpleJavaFileObject(URI.create("string:///Snippet.java"), JavaFileObject.Kind.SOURCE) {
          @Override
          public CharSequence getCharContent(boolean ignoreErrors) {
            return source;
          }
        };
    return members(_ -> List.of(file)).silent;
  }

  private static Members members(Sources sources) throws IOException {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null)) {
      JavacTask task =
          (JavacTask) compiler.getTask(null, manager, null, List.of(), null, sources.of(manager));
      Members members = new Members(DocTrees.instance(task));
      for (CompilationUnitTree unit : task.parse()) {
        members.add(unit);
      }
      return members;
    }
  }

  private interface Sources {
    Iterable<? extends JavaFileObject> of(StandardJavaFileManager manager) throws IOException;
  }

  /** What others can call, as {@code file:line member}, and which of it has no comment. */
  private static final class Members {
    private final DocTrees docs;
    final List<String> all = new ArrayList<>();
    final List<String> silent = new ArrayList<>();

    Members(DocTrees docs) {
      this.docs = docs;
    }

    void add(CompilationUnitTree unit) {
      TreePath path = new TreePath(unit);
      for (Tree each : unit.getTypeDecls()) {
        if (each instanceof ClassTree type && isPublic(type.getModifiers())) {
          add(new TreePath(path, type), type, "");
        }
      }
    }

    private void add(TreePath path, ClassTree type, String outer) {
      String name = outer + type.getSimpleName();
      note(path, name);
      for (Tree each : type.getMembers()) {
        TreePath at = new TreePath(path, each);
        if (each instanceof ClassTree inner && isCallable(type, inner.getModifiers())) {
          add(at, inner, name + ".");
        } else if (each instanceof VariableTree field && isCallable(type, field.getModifiers())) {
          note(at, name + "." + field.getName());
        } else if (each instanceof MethodTree method
            && isCallable(type, method.getModifiers())
            && !overrides(method)
            && !isOfComponents(type, method)) {
          note(at, name + "." + (isConstructor(method) ? "new" : method.getName()));
        }
      }
    }

    private void note(TreePath path, String name) {
      CompilationUnitTree unit = path.getCompilationUnit();
      long start = docs.getSourcePositions().getStartPosition(unit, path.getLeaf());
      String member =
          unit.getSourceFile().getName().replaceFirst("^[./]+", "")
              + ":"
              + unit.getLineMap().getLineNumber(start)
              + " "
              + name;
      all.add(member);
      String comment = docs.getDocComment(path);
      if (comment == null || comment.isBlank() || comment.strip().startsWith("@")) {
        silent.add(member);
      }
    }
  }

  private static boolean isPublic(ModifiersTree modifiers) {
    return modifiers.getFlags().contains(Modifier.PUBLIC)
        || modifiers.getFlags().contains(Modifier.PROTECTED);
  }

  private static boolean isCallable(ClassTree owner, ModifiersTree modifiers) {
    boolean open =
        owner.getKind() == Tree.Kind.INTERFACE || owner.getKind() == Tree.Kind.ANNOTATION_TYPE;
    return isPublic(modifiers) || open && !modifiers.getFlags().contains(Modifier.PRIVATE);
  }

  private static boolean isConstructor(MethodTree method) {
    return method.getReturnType() == null;
  }

  private static boolean overrides(MethodTree method) {
    return method.getModifiers().getAnnotations().stream()
        .anyMatch(each -> each.getAnnotationType().toString().equals("Override"));
  }

  /** Whether it is an accessor of a record, or its canonical constructor, compact or not. */
  private static boolean isOfComponents(ClassTree owner, MethodTree method) {
    if (owner.getKind() != Tree.Kind.RECORD) {
      return false;
    }
    List<VariableTree> components =
        owner.getMembers().stream()
            .filter(VariableTree.class::isInstance)
            .map(VariableTree.class::cast)
            .filter(each -> !each.getModifiers().getFlags().contains(Modifier.STATIC))
            .toList();
    if (isConstructor(method)) {
      // A compact one has no parameters until it is attributed.
      return method.getParameters().isEmpty()
          || types(method.getParameters()).equals(types(components));
    }
    return method.getParameters().isEmpty()
        && components.stream().anyMatch(each -> each.getName().equals(method.getName()));
  }

  private static List<String> types(List<? extends VariableTree> variables) {
    return variables.stream().map(each -> each.getType().toString()).toList();
  }
}

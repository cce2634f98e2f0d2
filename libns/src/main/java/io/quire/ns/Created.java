package io.quire.ns;

/** What became of one of many objects that were to be created. */
public sealed interface Created {
  /** It is there. */
  record Made(NsObject object) implements Created {}

  /** Its name is another's; nothing was created. */
  record NameTaken(String name) implements Created {}

  /**
   * It was not created, or, if the reason is {@link NsException.Indeterminate}, may have been.
   *
   * @param why also of those that were not tried any more
   */
  record Failed(String name, NsException why) implements Created {}
}

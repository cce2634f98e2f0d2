package io.quire.node;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.javalin.http.Context;
import io.javalin.http.HttpResponseException;
import io.javalin.http.HttpStatus;
import io.quire.ager.AgerException;
import io.quire.base.Log;
import io.quire.datasets.DatasetsException;
import io.quire.formats.FormatsException;
import io.quire.lockserver.LockException;
import io.quire.log.LogException;
import io.quire.ns.NsException;
import io.quire.tables.Tables;
import java.io.UncheckedIOException;
import java.util.Locale;

/**
 * An error as the admin interface answers it; JSON by field name.
 *
 * @param error one sentence
 * @param happened {@code no}, or {@code maybe} if what was asked for may have been done all the
 *     same
 */
record Failure(String error, String happened) {
  private static final String NO = "no";

  /** There is no object of that name. */
  static final class NoSuchName extends RuntimeException {
    private static final long serialVersionUID = 1;

    NoSuchName(String message) {
      super(message);
    }
  }

  /** Not now; nothing was done. */
  static final class Busy extends RuntimeException {
    private static final long serialVersionUID = 1;

    Busy(String message) {
      super(message);
    }
  }

  static Failure didNotHappen(String error) {
    return new Failure(error, NO);
  }

  /** Answers what an exception of a handler means. */
  static void answer(Exception e, Context call) {
    int status = status(e);
    call.status(status).json(new Failure(sentence(e, call), happened(e, status)));
  }

  /** The HTTP status that says what kind of exception it is. */
  static int status(Throwable e) {
    return switch (e) {
      case HttpResponseException http -> http.getStatus();
      case NsException refused -> status(refused).getCode();
      case LockException refused -> LockRoutes.status(refused);
      case NoSuchName _ -> HttpStatus.NOT_FOUND.getCode();
      case Busy _ -> HttpStatus.SERVICE_UNAVAILABLE.getCode();
      case LogException.MembersException members when !members.mayHaveHappened() ->
          HttpStatus.CONFLICT.getCode();
      case Log.TrimmedException _ -> HttpStatus.GONE.getCode();
      case Log.NotAppendedException _ -> HttpStatus.SERVICE_UNAVAILABLE.getCode();
      case DatasetsException.Gone _ -> HttpStatus.NOT_FOUND.getCode();
      case DatasetsException.NotADataset _ -> HttpStatus.BAD_REQUEST.getCode();
      case DatasetsException.UnknownFunction _ -> HttpStatus.BAD_REQUEST.getCode();
      case DatasetsException.TooFewMembers _ -> HttpStatus.SERVICE_UNAVAILABLE.getCode();
      case AgerException full when full.retryable() -> HttpStatus.SERVICE_UNAVAILABLE.getCode();
      case FormatsException _ -> HttpStatus.BAD_REQUEST.getCode();
      case Tables.TooManyBadRows _ -> HttpStatus.BAD_REQUEST.getCode();
      case JsonProcessingException _ -> HttpStatus.BAD_REQUEST.getCode();
      case IllegalArgumentException _ -> HttpStatus.BAD_REQUEST.getCode();
      default -> HttpStatus.INTERNAL_SERVER_ERROR.getCode();
    };
  }

  /** Whether what failed so may have happened all the same: {@code no} or {@code maybe}. */
  static String happened(Throwable e, int status) {
    return known(e) || status < 500 ? NO : "maybe";
  }

  private static HttpStatus status(NsException e) {
    return switch (e) {
      case NsException.NotFound _ -> HttpStatus.NOT_FOUND;
      case NsException.NameTaken _ -> HttpStatus.CONFLICT;
      case NsException.Stale _ -> HttpStatus.CONFLICT;
      case NsException.Draining _ -> HttpStatus.CONFLICT;
      case NsException.QuotaExceeded _ -> HttpStatus.INSUFFICIENT_STORAGE;
      case NsException.Denied _ -> HttpStatus.LOCKED;
      case NsException.Forbidden _ -> HttpStatus.FORBIDDEN;
      case NsException.StaleHandle _ -> HttpStatus.GONE;
      case NsException.UnknownHandle _ -> HttpStatus.NOT_FOUND;
      case NsException.Overtaken _ -> HttpStatus.GONE;
      case NsException.NotInView _ -> HttpStatus.SERVICE_UNAVAILABLE;
      case NsException.Refused _ -> HttpStatus.SERVICE_UNAVAILABLE;
      case NsException.InvalidName _ -> HttpStatus.BAD_REQUEST;
      case NsException.BadValue _ -> HttpStatus.BAD_REQUEST;
      case NsException.NotReached _ -> HttpStatus.BAD_REQUEST;
      case NsException.Trimmed _ -> HttpStatus.GONE;
      case NsException.TooOld _ -> HttpStatus.GONE;
      case NsException.TooFar _ -> HttpStatus.SERVICE_UNAVAILABLE;
      case NsException.Unreadable _ -> HttpStatus.INTERNAL_SERVER_ERROR;
      case NsException.Indeterminate _ -> HttpStatus.INTERNAL_SERVER_ERROR;
    };
  }

  /** Whether the exception says that nothing was done. */
  private static boolean known(Throwable e) {
    return switch (e) {
      case NsException.Indeterminate _ -> false;
      case NsException _ -> true;
      case LockException lock -> !lock.mayHaveHappened();
      case DatasetsException _ -> true;
      case AgerException _ -> true;
      case Busy _ -> true;
      case Log.NotAppendedException _ -> true;
      case Log.CorruptException _ -> true;
      case UncheckedIOException _ -> true;
      default -> false;
    };
  }

  private static String sentence(Exception e, Context call) {
    return switch (e) {
      case HttpResponseException http ->
          "%s: method=%s path=%s"
              .formatted(
                  HttpStatus.forStatus(http.getStatus()).getMessage().toLowerCase(Locale.ROOT),
                  call.method(),
                  call.path());
      case JsonProcessingException json ->
          "not the JSON that was wanted: " + json.getOriginalMessage();
      default -> AdminServer.message(e);
    };
  }
}

"""Everything that goes wrong in a request, answered in words: a page for people, PROTOCOL 3 for programs.

The answer names a request id to quote. It never holds a stack, SQL, a path or the text of an exception.
"""

import uuid
from typing import Any

from flask import Flask, Response, current_app, g, jsonify, make_response, render_template, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from models.errors import DictationError, InternalError, NotFound, RateLimited, Unauthenticated
from utils.logging import get_logger
from web.outgoing import error_message
from web.pooled_views import TOO_LARGE

API_PREFIXES = ("/api/", "/v1/")

log = get_logger("web")


class FormNotOurs(DictationError):
    """A form without the secret of this sign-in: sent by another site, or by a page from before it."""

    code = "FORBIDDEN"
    text = "This page is from an earlier sign-in, so nothing was changed. Load it again and repeat what you did."
    status = 403


REFUSALS = {
    400: "The request could not be understood. Nothing was changed.",
    404: "There is nothing at this address. Notes already saved are safe.",
    405: "This address exists, but can't be used in this way. Nothing was changed.",
    413: "What was sent is too large. Nothing was changed.",
    415: "This kind of file or text can't be read here. Nothing was changed.",
    416: "The recording has no such part.",
}
"""What to say for an HTTP status that the web framework answers by itself"""


def register_error_answers(app: Flask) -> None:
    """Give every request an id, and every failure an answer in words."""

    @app.before_request
    def name_request() -> None:
        g.request_id = uuid.uuid4().hex[:16]
        if TOO_LARGE in request.environ:
            raise RequestEntityTooLarge

    @app.after_request
    def tell_request_id(response: Response) -> Response:
        response.headers["X-Request-ID"] = request_id()
        return response

    app.log_exception = lambda exc_info: _log_failure(exc_info[1])  # type: ignore[method-assign]
    app.register_error_handler(DictationError, answer_error)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(Exception, _answer_failure)


def answer_error(error: DictationError, status: int | None = None) -> Response:
    """The error as a page, or as JSON under the REST prefixes, with its own HTTP status or another one."""
    status = status or error.status
    if is_api():
        response = jsonify(error_object(error, user_id=_known_user_id()))
    else:
        page = {"status_code": status, "message": error.text, "request_id": request_id()}
        response = make_response(render_template("error.html", **page))
    response.status_code = status
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(int(error.retry_after))
    if isinstance(error, Unauthenticated):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def error_object(error: DictationError, session_id: str | None = None, user_id: str | None = None) -> dict[str, Any]:
    """The error as PROTOCOL 3 has it."""
    message = error_message(error, session_id, user_id)
    message["context"]["request_id"] = request_id()
    return message


def is_api() -> bool:
    """Whether the request is a program's business rather than a page's."""
    return request.path.startswith(API_PREFIXES)


def request_id() -> str:
    """The id of this request, to quote and to find in the logs."""
    if "request_id" not in g:
        g.request_id = uuid.uuid4().hex[:16]
    return str(g.request_id)


def _answer_http(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return current_app.make_response(error.get_response())
    response = answer_error(_in_our_words(status), status)
    for name, value in error.get_headers():
        if name in ("Allow", "Content-Range", "Retry-After"):
            response.headers[name] = value
    return response


def _in_our_words(status: int) -> DictationError:
    if status >= 500:
        return InternalError()
    if status == 404:
        return NotFound(REFUSALS[404])
    if status == 429:
        return RateLimited()
    return DictationError(REFUSALS.get(status, REFUSALS[400]))


def _answer_failure(error: Exception) -> Response:
    g.has_failed = True
    _log_failure(error)
    return answer_error(InternalError())


def _log_failure(error: BaseException | None) -> None:
    """By class and stack. Flask's own way would write the exception's text, which may hold speech."""
    found = {"request_id": request_id(), "user_id": _known_user_id(), "route": str(request.url_rule)}
    log.error("request_failed", error=error, **found)


def _known_user_id() -> str | None:
    """Who asked, if that was found out before the failure; never asks the database again."""
    return getattr(g.get("_login_user"), "user_id", None)

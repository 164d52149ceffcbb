"""What only administrators may see: who they are is checked before anything is shown, and refusals are written down."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import Blueprint, Flask, render_template, request
from flask.typing import ResponseReturnValue

from models.errors import Forbidden, ValidationFailed
from web.login import visitor
from web.parts import parts

View = TypeVar("View", bound=Callable[..., Any])

admin_pages = Blueprint("admin_pages", __name__, url_prefix="/admin")


def admins_only(view: View) -> View:
    """Let nobody else in. Raises Forbidden, after an audit line."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        who = visitor()
        if not who.is_admin:
            parts().audit.record("admin_denied", who.user_id, str(request.url_rule), request.remote_addr, "denied")
            raise Forbidden("This is for administrators only. Your notes and recordings are not affected.")
        return view(*args, **kwargs)

    return guarded  # type: ignore[return-value]


def register_admin_pages(app: Flask) -> None:
    """The pages of administrators."""
    app.register_blueprint(admin_pages)


@admin_pages.get("/connections")
@admins_only
def connections() -> ResponseReturnValue:
    """How well news of recordings reach those who watch them."""
    parts().audit.record("connection_health_viewed", visitor().user_id, address=request.remote_addr)
    return render_template("connections.html")


def asked_number(name: str, default: int, least: int, most: int) -> int:
    """A whole number of the address. Raises ValidationFailed."""
    given = request.args.get(name)
    if given is None:
        return default
    if not (given.isascii() and given.isdigit() and len(given) < 10 and least <= int(given) <= most):
        raise ValidationFailed(f"{name}: a whole number from {least} to {most}.")
    return int(given)

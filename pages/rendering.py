"""Templates to answers: escaped, strict about missing names, and under the policy of pages."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from pages.security import PAGE_POLICY


def render_page(template: str, **context: object) -> HTMLResponse:
    """The page of `pages/templates/<template>` as an answer; a name that the context lacks raises `UndefinedError`."""
    body = _templates().get_template(template).render(context)
    return HTMLResponse(body, headers={"Content-Security-Policy": PAGE_POLICY})


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("pages"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )

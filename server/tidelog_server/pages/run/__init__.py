"""The page of one run: a head, and below it one of several tabs, each in a module of its own.

`page` puts them together; `tab` says what a tab is. A new one is a module with a `TAB`, named in `page.TABS`.
"""

from fastapi import APIRouter

from tidelog_server.pages.run import attributes, data, log, page

router = APIRouter()
for module in (data, log, attributes, page):
    router.include_router(module.router)

__all__ = ["router"]

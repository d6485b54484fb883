"""The page of one run: a head, and below it one of several tabs, each in a module of its own.

`page` puts them together; `tab` says what a tab is. A new one is a module with a `TAB`, named in `page.TABS`.
"""

from tidelog_server.pages.run.page import router

__all__ = ["router"]

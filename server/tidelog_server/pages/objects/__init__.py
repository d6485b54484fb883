"""The pages of one series of texts or histograms, and of one table, which the pages of their run link to."""

from fastapi import APIRouter

from tidelog_server.pages.objects import page, table_page

router = APIRouter()
router.include_router(page.router)
router.include_router(table_page.router)

__all__ = ["router"]

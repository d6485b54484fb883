"""The page of one series of texts or histograms, which the pages of its run link to."""

from tidelog_server.pages.objects.page import router

__all__ = ["router"]

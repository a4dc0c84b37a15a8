"""The tutorial's pages are no part of the comparison."""

urlpatterns = []

"""No pages: only the sockets of the tutorial are compared."""

urlpatterns = []

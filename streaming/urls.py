from django.urls import path

from streaming import views

urlpatterns = [
    path("stream/", views.page, name="stream"),
    path("api/sse", views.events, name="sse"),
    path("api/texts", views.texts, name="texts"),
]

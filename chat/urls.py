from django.urls import path

from chat import views

urlpatterns = [
    path("chat/", views.room_list, name="rooms"),
    path("chat/<slug:slug>/", views.room, name="room"),
    path("api/me", views.me, name="me"),
]

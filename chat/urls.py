from django.urls import path

from chat import api, stream, views

urlpatterns = [
    path("chat/", views.room_list, name="rooms"),
    path("chat/<slug:slug>/", views.room, name="room"),
    path("api/me", views.me, name="me"),
    path("api/rooms", api.room_list, name="room-list"),
    path("api/rooms/<slug:slug>/events", stream.events, name="room-events"),
    path("api/rooms/<slug:slug>/entries", api.entries, name="room-entries"),
]

from django.urls import path

from chat import views
from chat.transports import event_stream, http

urlpatterns = [
    path("chat/", views.room_list, name="rooms"),
    path("chat/<slug:slug>/", views.room, name="room"),
    path("api/me", views.me, name="me"),
    path("api/rooms", http.room_list, name="room-list"),
    path("api/rooms/<slug:slug>/events", event_stream.events, name="room-events"),
    path("api/rooms/<slug:slug>/entries", http.entries, name="room-entries"),
]

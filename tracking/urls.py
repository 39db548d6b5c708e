from django.urls import path

from tracking import views

urlpatterns = [path("js/trackr.js", views.trackr, name="trackr")]

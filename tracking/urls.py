from django.urls import path

from tracking import metrics, views

urlpatterns = [
    path("js/trackr.js", views.trackr, name="trackr"),
    path("metrics", metrics.metrics, name="metrics"),
]

from django.urls import path

from tracking import metrics, scripts

urlpatterns = [
    path("js/<slug:name>.js", scripts.script, name="script"),
    path("metrics", metrics.metrics, name="metrics"),
]

"""The site map: one include for each app. /track/ never gets here: see asgi.py."""

from django.contrib import admin
from django.urls import include, path

from aktivat_site import health

admin.site.site_title = "Aktivat"
admin.site.site_header = "Aktivat, for operators"
admin.site.index_title = "Everything in this installation"

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("operator/", admin.site.urls),
    path("", include("accounts.urls")),
    path("", include("properties.urls")),
    path("", include("tracking.urls")),
    path("", include("dashboards.urls")),
    path("demo/", include("demo.urls")),
]

handler403 = "accounts.views.permission_denied"

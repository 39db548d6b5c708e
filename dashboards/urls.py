from django.urls import path

from dashboards import api, views

urlpatterns = [
    path("properties/<int:property_id>/", views.overview_page, name="overview"),
    path("properties/<int:property_id>/live/", views.live_count, name="live"),
    path("properties/<int:property_id>/health/", views.data_health, name="data_health"),
    path("properties/<int:property_id>/first-event/", views.first_event, name="first_event"),
    path("properties/<int:property_id>/page-groups/", views.page_groups_preview, name="page_groups"),
    path("api/v1/properties/<int:property_id>/reports/overview/", api.overview_report, name="overview_report"),
]

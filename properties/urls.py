from django.urls import path

from properties import views

urlpatterns = [
    path("", views.home, name="home"),
    path("properties/", views.property_list, name="properties"),
    path("properties/new/", views.create, name="property_create"),
    path("properties/<int:property_id>/settings/", views.settings_page, name="property_settings"),
    path("properties/<int:property_id>/snippet/", views.snippet_page, name="snippet"),
    path("properties/<int:property_id>/hostnames/", views.add_hostname, name="add_hostname"),
    path("properties/<int:property_id>/write-keys/", views.make_write_key, name="make_write_key"),
    path("properties/<int:property_id>/write-keys/revoke/", views.revoke_write_key, name="revoke_write_key"),
]

from django.apps import AppConfig

from accounts import navigation
from accounts.modules import Level, Module
from accounts.navigation import Place

ANALYTICS = "Analytics"


class DashboardsConfig(AppConfig):
    name = "dashboards"

    def ready(self) -> None:
        for place in (
            Place("overview", "Overview", "chart-bar", "o", Module.ANALYTICS, Level.VIEW, ANALYTICS, 10),
            Place("data_health", "Data health", "heart", "h", Module.ANALYTICS, Level.VIEW, ANALYTICS, 20),
        ):
            navigation.register(place)

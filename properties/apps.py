from django.apps import AppConfig

from accounts import navigation
from accounts.modules import Level, Module
from accounts.navigation import Place

SET_UP = "Set-up"


class PropertiesConfig(AppConfig):
    name = "properties"
    verbose_name = "Properties"

    def ready(self) -> None:
        for place in (
            Place("snippet", "Snippet", "code-bracket", "s", Module.PROPERTIES, Level.VIEW, SET_UP, 80),
            Place("property_settings", "Settings", "cog-6-tooth", "e", Module.PROPERTIES, Level.MANAGE, SET_UP, 90),
        ):
            navigation.register(place)

"""The areas that permissions are given for, the levels, and the roles that fill the grid. Pure."""

from enum import IntEnum, StrEnum


class Level(IntEnum):
    NONE = 0
    VIEW = 1
    MANAGE = 2


class Module(StrEnum):
    ANALYTICS = "analytics"
    PROPERTIES = "properties"
    ACCOUNT = "account"


class Role(StrEnum):
    OWNER = "owner"
    ADMIN = "admin"
    VIEWER = "viewer"


GRID: dict[Role, dict[Module, Level]] = {
    Role.OWNER: dict.fromkeys(Module, Level.MANAGE),
    Role.ADMIN: {Module.ANALYTICS: Level.MANAGE, Module.PROPERTIES: Level.MANAGE, Module.ACCOUNT: Level.VIEW},
    Role.VIEWER: {Module.ANALYTICS: Level.VIEW, Module.PROPERTIES: Level.NONE, Module.ACCOUNT: Level.NONE},
}


def level_of(role: str, module: Module) -> Level:
    return GRID[Role(role)][module]

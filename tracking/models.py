"""Versions of the tracker that this installation has served: a page that names one goes on getting it."""

from typing import ClassVar

from django.db import models


class TrackerVersion(models.Model):
    version = models.CharField(max_length=12, unique=True)
    core = models.BinaryField()
    more = models.BinaryField()
    first_served = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-first_served"]

    def __str__(self) -> str:
        return self.version

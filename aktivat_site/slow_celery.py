"""The application of the worker for slow work: it loads what that needs, and nothing else."""

from aktivat_site.celery import application

app = application("slow_tasks")

"""The Valkey servers Aktivat stands on: connections, embedded servers, the nodes' heartbeats.

Two kinds, never mixed:

    data cluster   cluster mode, AOF; one master holds all of a property      CLUSTER_URL
    broker         one plain server; Celery's queues and the heartbeats       BROKER_URL
"""

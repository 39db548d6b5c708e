"""`./aktivat up`: starts every part of Aktivat on one machine, keeps them running, stops them in order.

Each module here does one thing:

    options     the command line, checked: each refusal is one sentence that says what to do
    parts       what there is to start: commands, names, how long each may take to stop
    children    one process: its log, its pid file, its back-off; never left behind
    recovery    what a killed supervisor left running, found by the pid files
    servers     the embedded Valkey servers: ports, passwords, run/servers.json
    supervisor  the order of starting and stopping, and the watch in between
    console     one line for each part
"""

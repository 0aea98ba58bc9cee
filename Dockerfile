# metatune for the command line. Tables come in by a folder that is mounted at /data:
#   docker build -t metatune .
#   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/data" metatune fit churn.csv --target churn --budget 10m
FROM python:3.13-slim

# OpenMP, which LightGBM needs and the image lacks.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/*

# Extras, such as --build-arg EXTRAS=boosting,openml
ARG EXTRAS=""
COPY pyproject.toml README.md LICENSE /source/
COPY metatune /source/metatune
COPY metadata /source/metadata
RUN pip install --no-cache-dir "/source${EXTRAS:+[$EXTRAS]}" && rm -r /source

RUN useradd --create-home metatune
USER metatune
WORKDIR /data
ENTRYPOINT ["metatune"]
CMD ["--help"]

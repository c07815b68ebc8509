# The service, for linux/amd64 and linux/arm64: what is published runs on both, and each image takes its processor's
# native libraries along.

FROM --platform=$BUILDPLATFORM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /build
# What decides the packages comes first: a change of the code alone restores nothing.
COPY Directory.Build.props Directory.Build.targets Directory.Packages.props global.json .editorconfig BannedSymbols.txt ./
COPY src/Scoring.Actors/Scoring.Actors.csproj src/Scoring.Actors/packages.lock.json src/Scoring.Actors/
COPY src/Scoring.Host/Scoring.Host.csproj src/Scoring.Host/packages.lock.json src/Scoring.Host/
COPY src/Scoring.Kafka/Scoring.Kafka.csproj src/Scoring.Kafka/packages.lock.json src/Scoring.Kafka/
COPY src/Scoring.Models/Scoring.Models.csproj src/Scoring.Models/packages.lock.json src/Scoring.Models/
COPY src/Scoring.Producer/Scoring.Producer.csproj src/Scoring.Producer/packages.lock.json src/Scoring.Producer/
RUN dotnet restore src/Scoring.Host/Scoring.Host.csproj --locked-mode
COPY LICENSE THIRD-PARTY-NOTICES ./
COPY features features
COPY models models
COPY src src
RUN dotnet publish src/Scoring.Host/Scoring.Host.csproj -c Release -o /app --no-restore --nologo -p:UseAppHost=false
COPY docker/healthy /app/healthy
ARG TARGETARCH
# The packages bring native libraries for every system. Whatever modes their files and the checkout have, any user may read them.
RUN find /app/runtimes -mindepth 1 -maxdepth 1 ! -name "linux-$(echo "$TARGETARCH" | sed s/amd64/x64/)" -exec rm -r {} + \
    && chmod -R u=rwX,go=rX /app && chmod 755 /app/healthy

FROM mcr.microsoft.com/dotnet/aspnet:10.0
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
ENTRYPOINT ["dotnet", "/app/scoring.dll"]
CMD ["serve"]

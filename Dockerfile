# The image of mirrorwatch: one static binary and the certificates that it trusts, run by nobody in particular.
#
#   docker build --build-arg VERSION=v1.2.3 -t mirrorwatch .
#   docker run --read-only -p 127.0.0.1:9188:9188 -v "$PWD/config.yaml:/etc/mirrorwatch/config.yaml:ro" mirrorwatch

FROM --platform=$BUILDPLATFORM docker.io/library/golang:1.26 AS build
# An empty GOPROXY is Go's own default.
ARG GOPROXY
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS TARGETARCH
ARG VERSION=devel
RUN CGO_ENABLED=0 GOOS="$TARGETOS" GOARCH="$TARGETARCH" go build -trimpath -buildvcs=false \
        -ldflags "-s -w -X mirrorwatch/agent.version=$VERSION" -o /out/mirrorwatch ./agent/mirrorwatch \
    && mkdir /out/data

FROM scratch
LABEL org.opencontainers.image.title="mirrorwatch" \
      org.opencontainers.image.description="Proves that JetStream mirrors and sources are in contact with their origins"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/mirrorwatch /usr/local/bin/mirrorwatch
# Owned by the user below, as is a named volume that is mounted here for the first time.
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
# The default data_dir, ./data, is /data from here.
WORKDIR /
VOLUME /data
# The environment goes before the file: "docker run -e MIRRORWATCH_HTTP_ADDRESS=" hands the choice back to the file.
ENV PATH=/usr/local/bin MIRRORWATCH_HTTP_ADDRESS=0.0.0.0:9188
EXPOSE 9188
ENTRYPOINT ["mirrorwatch"]
CMD ["run", "--config", "/etc/mirrorwatch/config.yaml"]

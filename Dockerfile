# Two images: `kiln` is what users install, `kilndev` the emulated cloud on top of it.
#   docker build --target kiln -t kiln .
#   docker build --target kilndev -t kilndev .
ARG GO_VERSION=1.26.8
ARG ALPINE_VERSION=3.23

FROM golang:${GO_VERSION} AS modules
ENV CGO_ENABLED=0 GOFLAGS=-buildvcs=false GOWORK=off
WORKDIR /src
COPY go.mod go.sum ./
COPY cmd/kilndev/go.mod cmd/kilndev/go.sum cmd/kilndev/

FROM modules AS build-kiln
RUN go mod download
COPY . .
ARG VERSION=dev
RUN --mount=type=cache,target=/root/.cache/go-build \
    go build -ldflags "-s -w -X main.version=${VERSION}" -o /out/kiln ./cmd/kiln

FROM modules AS build-kilndev
RUN go -C cmd/kilndev mod download
COPY . .
ARG VERSION=dev
RUN --mount=type=cache,target=/root/.cache/go-build \
    go -C cmd/kilndev build -ldflags "-s -w -X main.version=${VERSION}" -o /out/kilndev . && \
    mkdir -p /out/data

FROM scratch AS kiln
COPY --from=build-kiln /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build-kiln /out/kiln /kiln
USER 65532:65532
ENTRYPOINT ["/kiln"]
CMD ["worker"]

# Alpine rather than scratch: the health check of the emulated cloud needs a shell's tools.
FROM alpine:${ALPINE_VERSION} AS kilndev
COPY --from=build-kilndev /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build-kilndev /out/kilndev /kilndev
COPY --from=build-kilndev --chown=65532:65532 /out/data /var/lib/kiln
USER 65532:65532
WORKDIR /var/lib/kiln
VOLUME /var/lib/kiln
EXPOSE 9100
ENTRYPOINT ["/kilndev"]
CMD ["emulator", "--ip", "0.0.0.0"]

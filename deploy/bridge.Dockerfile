# The bridge: one static binary, no shell, not root. Build from the repository's root:
#   docker build -f deploy/bridge.Dockerfile -t server-playback-bridge .
FROM golang:1.26-bookworm AS build
WORKDIR /src/livekit-client-2
COPY livekit-client-2/go.mod livekit-client-2/go.sum ./
RUN go mod download
COPY livekit-client-2/ ./
# As `make bridge` does: the Opus codec is built with a patch that changes its speed and no packet.
RUN CGO_ENABLED=0 go run ./internal/opus/speedup -o /tmp/bridge.mod \
 && CGO_ENABLED=0 go build -buildvcs=false -modfile /tmp/bridge.mod -trimpath -ldflags="-s -w" -o /bridge .

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /bridge /bridge
USER 65532:65532
# Reachable from outside the container, so BRIDGE_SHARED_SECRET (or BRIDGE_SHARED_SECRET_FILE) must be set.
ENV BRIDGE_HOST=0.0.0.0 BRIDGE_PORT=8080
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["/bridge", "check-health"]
ENTRYPOINT ["/bridge"]

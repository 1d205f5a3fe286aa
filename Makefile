# Everything a newcomer runs. Each target sets up what it needs; `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

CACHE   ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/server-playback
BIN     := $(CURDIR)/out/bin
LIVEKIT_VERSION := $(shell awk '/livekit-server v/ {print $$2}' tools/go.mod)

export LIVEKIT_SERVER_BIN ?= $(CACHE)/livekit-server-$(LIVEKIT_VERSION)
export BRIDGE_BIN         ?= $(BIN)/livekit-client-2
export ROOM_TAP_BIN       ?= $(BIN)/room-tap
export GOFLAGS            += -buildvcs=false

CONSOLE_SOURCES := $(shell find packages/console/src packages/console/public -type f) \
                   packages/console/index.html packages/console/vite.config.ts

# The race detector needs cgo; without a C compiler the tests run without it.
CC_FOUND := $(shell command -v $$(go env CC 2>/dev/null) 2>/dev/null)
RACE     := $(if $(CC_FOUND),-race)

comma := ,
say = @printf '\033[1m==> %s\033[0m\n' "$(1)"

.PHONY: help
help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---- set-up -------------------------------------------------------------------------------------------

.PHONY: toolchain
toolchain:
	@tools/check-toolchain.sh

node_modules/.installed: package.json package-lock.json $(wildcard packages/*/package.json) tests/package.json | toolchain
	$(call say,Installing npm packages (about half a minute the first time))
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(LIVEKIT_SERVER_BIN): | toolchain
	$(call say,Building the LiveKit server $(LIVEKIT_VERSION) once; it is kept in $(dir $@) (about 3 minutes))
	@mkdir -p $(dir $@)
	cd tools && CGO_ENABLED=0 go build -o $@.$$$$ github.com/livekit/livekit-server/cmd/server && mv $@.$$$$ $@

.PHONY: bridge room-tap typescript console build
# The Opus codec is built with a patch that changes its speed and no packet: docs/decisions.
bridge: | toolchain
	$(call say,Building the bridge (the first time fetches its modules: about 2 minutes))
	@mkdir -p $(BIN)
	cd livekit-client-2 && export CGO_ENABLED=0 \
	  && go run ./internal/opus/speedup -o $(CURDIR)/out/bridge.mod \
	  && go build -modfile $(CURDIR)/out/bridge.mod -trimpath -o $(BIN)/livekit-client-2 .

room-tap: | toolchain
	$(call say,Building the room listener)
	cd packages/simulator/room-tap && CGO_ENABLED=0 go build -trimpath -o $(BIN)/room-tap .

typescript: node_modules/.installed
	$(call say,Compiling TypeScript)
	npx tsc -b

console: packages/console/dist/index.html

# The bundler reads the protocol as it was compiled.
packages/console/dist/index.html: $(CONSOLE_SOURCES) packages/protocol/src/*.ts package-lock.json | typescript
	$(call say,Bundling the console)
	npm run --silent build -w packages/console -- --logLevel warn

build: bridge room-tap typescript console $(LIVEKIT_SERVER_BIN) ## build everything

# ---- running ------------------------------------------------------------------------------------------

.PHONY: demo dev screenshots bench cluster soak chaos
demo: build ## play real sounds through the whole line and print what the room heard
	node packages/simulator/dist/demo.js

dev: build ## start everything and keep it up until Ctrl-C
	node packages/simulator/dist/dev.js

screenshots: build ## take the pictures of the console in docs/images (needs Chromium)
	node tests/dist/screenshots.js

cluster: build ## run the whole topology, end its members while 30 rooms play, and listen (about 5 minutes)
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  for p in redis-server haproxy; do command -v $$p >/dev/null || apt-get install -y -q --no-install-recommends $$p || true; done; fi
	CLUSTER_SEED=$(SEED) node packages/simulator/dist/cluster.js

soak: build ## many users play, stop and come back; nothing may leak (SOAK_S=300 seconds)
	node packages/simulator/dist/soak.js

chaos: build ## the same while things break, as a seed says (SOAK_S=300 CHAOS_SEED=1)
	node packages/simulator/dist/soak.js chaos

bench: build ## measure the bridge beside ffmpeg and the usual ways to build it (about 8 minutes)
	node bench/dist/bridge.js $(PARTS)

.PHONY: bench-cloud
bench-cloud: typescript ## measure the cloud with 2,000 sessions over real sockets (about 1 minute)
	node bench/dist/cloud.js

.PHONY: docs cli
docs: typescript bridge ## write the documents that are made from the code: docs/api, metrics, configuration, licences
	node packages/api-docs/dist/main.js
	cd tools/audit && go run . -w

cli: typescript ## the command line: make cli ARGS="doctor"
	@node packages/cli/dist/main.js $(ARGS)

.PHONY: bench-tts
bench-tts: build ## measure how soon a text is heard, beside the same text by URL (about 3 minutes)
	node bench/dist/tts.js

# ---- checking -----------------------------------------------------------------------------------------

.PHONY: test test-go test-unit test-e2e test-deploy
test: test-go test-unit test-e2e test-deploy ## run every test

test-go: $(LIVEKIT_SERVER_BIN) bridge
	$(call say,Testing the bridge$(if $(RACE), with the race detector))
	cd livekit-client-2 && go vet ./... && go test $(RACE) ./internal/...
	cd livekit-client-2 && go test $(RACE) . # by itself: it plays in real time
	$(if $(RACE),$(call say,Testing its recovery$(comma) without it))
	$(if $(RACE),cd livekit-client-2 && go test -run 'TestREC|TestSEC|TestTheBinary' .)

test-unit: typescript bridge
	$(call say,Testing the TypeScript packages)
	npx vitest run

test-e2e: build
	$(call say,Testing end to end on real parts)
	npx vitest run --config tests/vitest.config.ts

# How long each fuzz target runs; FUZZ names some of them instead of all.
FUZZTIME ?= 20s
.PHONY: fuzz
fuzz: | toolchain ## fuzz every decoder and the command parser (FUZZTIME=20s each)
	tools/fuzz.sh $(FUZZTIME) $(FUZZ)

test-deploy: | toolchain
	$(call say,Checking the deployment files (the first time builds Helm: about 2 minutes))
	cd deploy/check && go vet ./... && go test ./...

.PHONY: lint
lint: typescript ## formatting, types, unused code, vet, staticcheck, dependencies
	npx biome check .
	npx knip
	@unformatted="$$(gofmt -l livekit-client-2 packages/simulator/room-tap tools/audit)"; \
	  if [ -n "$$unformatted" ]; then echo "not gofmt'ed:"; echo "$$unformatted"; exit 1; fi
	cd tools/staticcheck && go build -o $(BIN)/staticcheck honnef.co/go/tools/cmd/staticcheck
	cd livekit-client-2 && go vet ./... && $(BIN)/staticcheck ./...
	cd packages/simulator/room-tap && go vet ./... && $(BIN)/staticcheck ./...
	cd tools/audit && go vet ./... && $(BIN)/staticcheck ./... && go run .

.PHONY: clean
clean: ## remove what was built (the cached LiveKit server stays)
	rm -rf out node_modules packages/*/dist packages/*/node_modules tests/dist

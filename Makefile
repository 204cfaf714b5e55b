# useipsec: make run does the main job, make test passes the tests. Both need Go 1.26 and nothing else that they do
# not install themselves.
GO      ?= go
BIN     := bin/useipsec
TOOLS   := .cache/bin
LINT    := $(TOOLS)/golangci-lint
LINTVER := v2.15.0

# What the tests drive and read besides our own code (Debian and Ubuntu names).
PACKAGES := charon-systemd strongswan-swanctl strongswan-pki libcharon-extra-plugins libcharon-extauth-plugins \
	libstrongswan-extra-plugins libstrongswan-standard-plugins user-mode-linux nftables iproute2 tshark

# The race detector needs a C compiler. Guests run the test binary itself and are too small for it.
RACE      := $(shell command -v gcc >/dev/null 2>&1 && echo -race)
RACY      := ./captures/... ./esp/... ./ikev1/... ./scenarios/... ./harness/host
PLAIN     := ./cmd/... ./harness ./harness/e2e ./harness/lab ./harness/peer ./harness/report
TESTFLAGS ?= -count=1 -timeout 10m

FUZZTIME ?= 20s

.PHONY: run build test unit lint fmt fuzz bench deps go clean

run: build
	./$(BIN) run

build: go
	CGO_ENABLED=0 $(GO) build -trimpath -o $(BIN) ./cmd/useipsec

go:
	@$(GO) version >/dev/null 2>&1 || { echo "Go 1.26 or newer is needed: https://go.dev/dl/" >&2; exit 1; }

test: deps lint unit

unit: go
	CGO_ENABLED=$(if $(RACE),1,0) $(GO) test $(RACE) $(TESTFLAGS) $(RACY)
	CGO_ENABLED=0 $(GO) test -p 1 $(TESTFLAGS) $(PLAIN)

# Installs what is missing where that is possible; otherwise the tests that need it are skipped and say so.
deps:
	@.ci/deps $(PACKAGES)

lint: go $(LINT)
	$(GO) vet ./...
	$(LINT) run ./...
	.ci/lint-selftest $(LINT)

fmt: $(LINT)
	$(LINT) fmt ./...

$(LINT): Makefile
	GOBIN=$(CURDIR)/$(TOOLS) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINTVER)
	@touch $@

# Every fuzz target for FUZZTIME.
fuzz: go
	@for p in $$($(GO) list ./...); do \
		for f in $$($(GO) test -list '^Fuzz' $$p 2>/dev/null | grep '^Fuzz'); do \
			echo "$$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) $$p || exit 1; \
		done; \
	done

bench: go
	$(GO) test -run '^$$' -bench . -benchmem ./ikev1/... ./esp/... ./captures/...

clean:
	rm -rf bin .cache

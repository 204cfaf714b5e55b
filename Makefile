# useipsec: make run, make test. README.md says what they show.

SHELL     := /bin/bash
GO        ?= go
GO_MIN    := 1.26
FUZZTIME  ?= 10s
# The race detector needs cgo, and that a C compiler; nothing else does.
RACE      ?= $(shell command -v gcc >/dev/null && echo -race)
CGO       := CGO_ENABLED=$(if $(RACE),1,0)
export CGO_ENABLED := 0
TESTFLAGS ?= -timeout 10m
VERSION   := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LINT      := .cache/bin/golangci-lint

# Not as root, what needs network namespaces runs in a user namespace, where that is allowed.
# A tmpfs covers /run, whose files belong to a root that this one is not.
ifneq ($(shell id -u),0)
NAMESPACE := $(shell unshare --user --map-root-user --mount true 2>/dev/null && \
	echo "unshare --user --map-root-user --mount sh -c 'mount -t tmpfs tmpfs /run && exec \"\$$@\"' sh")
UNPRIVILEGED := $(if $(NAMESPACE),,yes)
endif

.PHONY: help run build test unit namespaces lint fmt fuzz bench availability deps go clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 14

run: build ## hold the reference peer against the profile bgp, in this process
	./bin/useipsec run

build: go ## bin/useipsec
	$(GO) build -buildvcs=false -trimpath -ldflags '-X main.version=$(VERSION)' -o bin/useipsec ./cmd/useipsec

test: deps lint unit namespaces ## all tests, after installing what they need and after lint

# Packages whose tests make namespaces and devices, or start daemons: one after the other, and
# without the race detector where the test binary is also what boots in a User-mode Linux guest.
LABS   := ./captures/live ./harness ./harness/lab
GUESTS := ./harness/peer ./harness/e2e ./cmd/useipsec

unit: go ## tests that need no privileges
	$(CGO) $(GO) test $(RACE) $(TESTFLAGS) $$($(GO) list ./... | grep -vxF "$$($(GO) list $(LABS) $(GUESTS))")

namespaces: go ## tests with namespaces and real daemons
	@$(if $(UNPRIVILEGED),echo "make: neither root nor user namespaces here: tests that need them are skipped")
	$(NAMESPACE) env $(CGO) $(GO) test $(RACE) $(TESTFLAGS) -count=1 -p 1 $(LABS)
	.ci/retry $(NAMESPACE) $(GO) test $(TESTFLAGS) -count=1 -parallel 4 ./harness/peer
	$(NAMESPACE) $(GO) test $(TESTFLAGS) -count=1 ./harness/e2e
	$(NAMESPACE) $(GO) test $(TESTFLAGS) -count=1 ./cmd/useipsec

lint: go $(LINT) ## gofumpt, vet, staticcheck, import directions
	$(LINT) run --allow-parallel-runners ./...
	cd .tools && $(GO) test -count=1 ./...

fmt: $(LINT) ## format the code
	$(LINT) fmt ./...

$(LINT): .tools/go.mod .tools/go.sum
	cd .tools && $(GO) build -buildvcs=false -trimpath -o ../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

fuzz: go ## every fuzz target for FUZZTIME
	@for pkg in $$($(GO) list ./...); do \
		for f in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
			echo "$$pkg $$f"; \
			$(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
		done; \
	done

bench: go ## all benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./...

availability: build ## README's table of profiles and products, from real runs
	.ci/availability

deps: ## Debian packages that the tests need, as root; otherwise the command that installs them
	@.ci/deps

go:
	@command -v $(GO) >/dev/null || { echo "make: Go $(GO_MIN) or later is needed and there is no go command; see https://go.dev/doc/install" >&2; exit 1; }
	@v=$$($(GO) env GOVERSION); v=$${v#go}; \
	printf '%s\n' $(GO_MIN) "$${v%%[a-z -]*}" | sort -CV || \
	{ echo "make: Go $(GO_MIN) or later is needed, this is $$v; see https://go.dev/doc/install" >&2; exit 1; }

clean: ## what make has made; evidence stays
	rm -rf bin .cache

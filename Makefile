# `make` lists what can be done. Everything here is a short form of a command you could type yourself.

FUZZTIME  ?= 20s
REFRESHES ?= 100000
FAULT      = go run ./tools/fault
BENCHTIME ?= 1s
COUNT     ?= 1
LINT       = go tool -modfile=tools/lint/go.mod golangci-lint

.DEFAULT_GOAL := help
.PHONY: help run test setup format-check vet lint fmt unit examples bench bench-full gobench enumeration storm fault fault-full fault-bugs fuzz build clean

help: ## list the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## start Daypass for development on http://localhost:8080 with a demo user, client and API
	go run ./cmd/daypass dev

test: ## everything that must be green: setup, format-check, vet, lint, unit, examples
	@tools/setup/step setup        $(MAKE) --no-print-directory setup
	@tools/setup/step format-check $(MAKE) --no-print-directory format-check
	@tools/setup/step vet          $(MAKE) --no-print-directory vet
	@tools/setup/step lint         $(MAKE) --no-print-directory lint
	@tools/setup/step unit         $(MAKE) --no-print-directory unit
	@tools/setup/step examples     $(MAKE) --no-print-directory examples

setup: ## install PostgreSQL, Chromium and a C compiler from Debian's packages, or say what is missing
	@tools/setup/packages

format-check: ## fail when a Go file is not formatted
	@unformatted=$$(gofmt -l .) && test -z "$$unformatted" || { echo "run make fmt; not formatted: $$unformatted"; exit 1; }

vet: ## go vet
	go vet ./...

lint: ## golangci-lint with .golangci.yml (the first run builds the tool)
	$(LINT) run ./...

fmt: ## format every Go file
	$(LINT) fmt

# -count=1 because the floors test and the browser stories start the go command, whose inputs the test cache cannot see.
unit: ## go test with the race detector: rules, floors, fuzz seeds, both databases, browser stories
	go test -race -count=1 -timeout 9m ./...

examples: ## vet and test what is in modules of its own: the examples with frameworks, and clients that others wrote
	cd examples/frameworks && go vet ./... && go test -count=1 ./...
	cd tools/interop && go vet ./... && go test -count=1 ./...

bench: ## measure the binary on both databases, each figure beside its limit and its bar: about three minutes
	go run ./tools/bench

bench-full: ## the same, then ten minutes of load and ten million grants on each: half an hour, 20 GB of disk
	go run ./tools/bench -full

gobench: ## the Go benchmarks for benchstat, with memory, BENCHTIME=1s each, COUNT=1 times
	go test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) -count $(COUNT) ./...

enumeration: ## how far the time of a log-in, sign-up or change of address tells who has an account: medians of 1000 tries each
	go test -run '^$$' -bench Enumeration -benchtime 1000x -timeout 30m ./internal/app

storm: ## 100 and 400 log-ins at once: who comes in, how long others wait meanwhile, how much memory it takes
	go test -run '^$$' -bench LogInStorm -benchtime 5x ./internal/app

# The last two are shapes of their own: what waits for a synchronous standby, and a clock that is set back and forth.
fault: ## REFRESHES=100000 on SQLite and on PostgreSQL while everything breaks: is anybody logged out who should not be?
	$(FAULT) -db sqlite -refreshes $(REFRESHES)
	$(FAULT) -db postgres -refreshes $(REFRESHES)
	$(FAULT) -db postgres -standby sync -refreshes $$(($(REFRESHES) / 10))
	$(FAULT) -db sqlite -clock -refreshes $$(($(REFRESHES) / 10))

fault-full: ## the same with a million refreshes
	@$(MAKE) --no-print-directory fault REFRESHES=1000000

fault-bugs: ## lay known bugs over the sources, one after the other, and see that the kit finds each
	@tools/setup/fault-bugs

fuzz: ## fuzz each target for FUZZTIME=20s
	@FUZZTIME=$(FUZZTIME) tools/setup/fuzz

build: ## build bin/daypass, one static binary
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o bin/daypass ./cmd/daypass

clean: ## remove what build made (./daypass-data, your data, stays)
	rm -rf bin

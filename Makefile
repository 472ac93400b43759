# Kiln: what one types here. `make` alone lists it.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo build kiln kilndev test unit e2e simulate mutants crash fuzz bench microbench microbench-baseline check fmt vet lint tidy tidy-check golden record screenshot schema clean

export GOWORK := off
# Versions come from VERSION below, so a checkout that git refuses to read still builds.
export GOFLAGS += -buildvcs=false

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
STAMP   := -X main.version=$(VERSION)
EXAMPLE ?= docs/examples/quickstart.yaml
FUZZTIME ?= 60s

# One build cache serves all targets and a bare `go test`: cgo is as the machine has it
# and nothing is trimmed; the embedded server alone takes minutes to compile twice. Only
# bin/kiln is built without cgo, so that it is static.
# The race detector needs a C compiler; without one the tests run without it.
RACE := $(if $(filter 1,$(shell go env CGO_ENABLED)),-race)
BINARIES := KILN_BIN=$(CURDIR)/bin/kiln KILNDEV_BIN=$(CURDIR)/bin/kilndev KILN_RELEASED_BIN=$(CURDIR)/bin/kiln-released
# The last release, whose worker begins what this tree's has to finish.
RELEASED := d6e005d25f3fc207e9bb7c1f509dceaf5bed9ec9
TOOL := go tool -modfile=$(CURDIR)/tools/go.mod

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: kilndev ## build a golden image on this machine: server, cloud and worker in one process
	bin/kilndev run $(EXAMPLE)

build: kiln kilndev ## bin/kiln and bin/kilndev

kiln:
	CGO_ENABLED=0 go build -ldflags "-s -w $(STAMP)" -o bin/kiln ./cmd/kiln

kilndev:
	go -C cmd/kilndev build -ldflags "$(STAMP)" -o $(CURDIR)/bin/kilndev .

test: build unit e2e ## everything: unit, race, replay, end to end, in both modules

unit: ## tests that start no process, with the race detector in the root module
	$(if $(RACE),,@echo "no C compiler: the tests run without the race detector")
	go test -timeout 20m $(RACE) ./...
	go -C cmd/kilndev test -timeout 20m ./...

bin/kiln-$(RELEASED):
	@mkdir -p bin
	@if git cat-file -e $(RELEASED)^{commit} 2>/dev/null; then \
		source=$$(mktemp -d) && git archive $(RELEASED) | tar -x -C $$source && \
		CGO_ENABLED=0 go -C $$source build -ldflags "-s -w" -o $(CURDIR)/$@ ./cmd/kiln && rm -rf $$source && \
		cp $@ bin/kiln-released; \
	else echo "the last release, $(RELEASED), is not in this clone: the upgrade drill is left out"; fi

e2e: build bin/kiln-$(RELEASED) ## the binaries as real processes: kilndev, workers that get killed, the command line
	$(BINARIES) go test -tags e2e -count=1 -timeout 30m -v ./testsuite/...

crash: build ## real processes killed at each effect of a build, and at N=200 random moments that SEED=1 tells
	$(BINARIES) KILN_CRASH_N=$(or $(N),200) KILN_CRASH_SEED=$(or $(SEED),1) \
		go test -tags e2e -count=1 -timeout 0 -v -run '^Test(Crash|Network)' ./testsuite

simulate: ## builds from seeds in a cloud where anything goes wrong: N=2000 SEED=…, or PLOT=FILE; MATRIX=FILE for a table
	$(if $(N),KILN_SIMULATE_N=$(N),KILN_SIMULATE_N=2000) $(if $(SEED),KILN_SIMULATE_SEED=$(SEED)) $(if $(PLOT),KILN_SIMULATE_PLOT=$(abspath $(PLOT))) \
		$(if $(MATRIX),KILN_SIMULATE_MATRIX=$(abspath $(MATRIX))) go test -count=1 -timeout 120m -v -run '^TestSimulate$$' ./testsuite

mutants: build ## Kiln with one promise broken at a time; the simulation, or the crash harness, has to find each
	$(BINARIES) go test -tags mutants -count=1 -timeout 60m -v -run '^TestMutants' ./testsuite

# Shortening an input that is new, but no finding, may take a second, not most of the minute.
fuzz: ## run each fuzz target for FUZZTIME, one after another
	@grep -rHo --include='*_test.go' --exclude-dir=kilndev '^func Fuzz[A-Za-z0-9]*' . | sort | \
		sed -E 's|/[^/]*:func | |' | while read -r dir target; do \
		echo "==> $$dir $$target"; \
		go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s "$$dir" || exit 1; \
	done

KNOBS := RUNS N SEED SCALE SPEED WINDOW CONCURRENCY
bench: build ## the figures of docs/benchmarks.md: FIGURE=3 for one, RUNS=5 N=… and others as they are printed; OUT=FILE keeps them
	$(BINARIES) $(foreach knob,$(KNOBS),$(if $($(knob)),KILN_BENCH_$(knob)=$($(knob)))) \
		$(if $(OUT),KILN_BENCH_OUT=$(abspath $(OUT))) $(if $(PROFILE),KILN_BENCH_PROFILE=$(abspath $(PROFILE))) \
		go test -tags bench -count=1 -timeout 0 -v -run '^TestBench[0-9A-Za-z]*$(FIGURE)' ./testsuite

# One core: what is measured runs alone, and a count of allocations does not depend on it.
MICROBENCH := go test -run '^$$' -bench . -benchmem -cpu 1 -count=$(or $(RUNS),6) ./internal/spec ./internal/errcode ./internal/alicloud ./internal/emulator ./internal/watch
microbench: ## the hot paths, with allocations, beside testsuite/testdata/microbench.txt
	@mkdir -p bin
	$(MICROBENCH) > bin/microbench.txt
	$(TOOL) benchstat testsuite/testdata/microbench.txt bin/microbench.txt

microbench-baseline: ## measure testsuite/testdata/microbench.txt anew
	$(MICROBENCH) > testsuite/testdata/microbench.txt

check: fmt vet lint unit ## before a commit

fmt: ## format the code
	$(TOOL) golangci-lint fmt
	cd cmd/kilndev && $(TOOL) golangci-lint fmt -c $(CURDIR)/.golangci.yml

vet: ## go vet, in both modules
	go vet -tags e2e,bench ./...
	go -C cmd/kilndev vet ./...

lint: ## gofmt, golangci-lint in both modules, workflowcheck, and the documents' links and names
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "not formatted, run make fmt:"; echo "$$unformatted"; exit 1; }
	$(TOOL) golangci-lint run
	cd cmd/kilndev && $(TOOL) golangci-lint run -c $(CURDIR)/.golangci.yml
	$(TOOL) workflowcheck -config workflowcheck.config.yaml ./workflows/...
	go test -run '^TestDocs' ./testsuite

tidy: ## go mod tidy, in the three modules
	go mod tidy
	go -C cmd/kilndev mod tidy
	go -C tools mod tidy

tidy-check:
	go mod tidy -diff
	go -C cmd/kilndev mod tidy -diff
	go -C tools mod tidy -diff

golden: schema ## rewrite the golden files; read the diff before committing it
	go test $$(grep -rl --include='*_test.go' --exclude-dir=kilndev 'flag.Bool("update"' . | xargs -n1 dirname | sort -u) -update

record: build ## record the workflow histories that the replay test replays
	mkdir -p workflows/testdata/histories/next
	$(BINARIES) KILN_RECORD=$(CURDIR)/workflows/testdata/histories/next \
		go test -tags e2e -count=1 -timeout 30m -run '^Test(Build|Fleet)(Started|sThat)' ./testsuite

screenshot: build ## docs/images/web-ui.png, taken anew in headless Chromium
	docs/images/web-ui.sh

schema: ## write the JSON Schema of the build document from its Go types
	go generate ./internal/spec

clean: ## remove the binaries
	rm -rf bin

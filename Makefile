# The development tasks. Each is one or two commands; nothing here is needed to use
# the program, for which 'go run ./cmd/blocktrain' suffices.

GOLANGCI_LINT = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
ACTIONLINT    = github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
GOVULNCHECK   = golang.org/x/vuln/cmd/govulncheck@v1.9.0
VERSION      ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo development)
LDFLAGS       = -s -w -X github.com/blocktrain/blocktrain/internal/buildinfo.version=$(VERSION)

export CGO_ENABLED = 0

.PHONY: build test check format modules vet lint generate race onnxruntime simd arm64 footprint workflows images vulnerabilities notebooks notebooks-write bench slow clean

build: ## the program, as bin/blocktrain
	go build -trimpath -ldflags '$(LDFLAGS)' -o bin/blocktrain ./cmd/blocktrain

test: ## all tests
	go test ./...

check: format modules vet lint test simd generate ## most of what a change must pass; .ci/run does all

format: ## fail if a file is not formatted
	@files=$$(gofmt -l $$(git ls-files '*.go')); \
	if [ -n "$$files" ]; then echo "not formatted, run gofmt -w:"; echo "$$files"; exit 1; fi

modules: ## fail if go.mod or go.sum is not tidy
	go mod tidy -diff
	go -C internal/kernel/_asm mod tidy -diff
	go -C deploy/_check mod tidy -diff

vet:
	go vet ./...
	GOARCH=arm64 go vet ./...
	GOOS=windows GOARCH=amd64 go vet ./...
	GOOS=darwin GOARCH=arm64 go vet ./...

lint: ## the first time builds the linter, which takes two minutes
	go run $(GOLANGCI_LINT) run ./...

generate: ## fail if generating code changes a file
	go generate ./...
	git diff --exit-code

# Forgeries, and what TestDecision does too, are left out.
race: ## small cases under the race detector, which needs a C compiler
	CGO_ENABLED=1 go test -race -short -skip 'Forger|Forged|TestClips$$|TestControls$$' -timeout 15m $(RACE)

# The packages that compute or read with several goroutines.
RACE = ./internal/bench ./internal/classifier ./internal/dataset ./internal/engine ./internal/logging \
	./internal/pipeline ./internal/predict ./internal/train ./internal/verify ./internal/video ./internal/track ./internal/detection

onnxruntime: ## the program with ONNX Runtime, which needs a C compiler; its library is that of BLOCKTRAIN_TEST_ONNXRUNTIME
	CGO_ENABLED=1 go vet -tags ort ./internal/onnx/ort ./internal/release/agreement
	CGO_ENABLED=1 go test -tags ort ./internal/release/agreement

simd: ## the arithmetic with the machine's other instruction sets and in portable Go, small cases
	./.ci/simd

arm64: ## the kernels and the contract as an arm64 machine computes them
	./.ci/arm64

footprint: ## fail if the binary or the time to --help has grown too large
	./.ci/footprint

workflows: ## check .github/workflows; with shellcheck, if it is installed, their scripts too
	go run $(ACTIONLINT)

images: ## check the files of deploy, and build and run its images, which needs root, buildah and mmdebstrap
	./deploy/test

vulnerabilities: ## look for known vulnerabilities in what the program calls; needs a network
	go run $(GOVULNCHECK) ./...

notebooks: build ## execute the notebooks and compare their outputs; needs jupyter-nbconvert and python3-ipykernel
	BLOCKTRAIN=bin/blocktrain python3 notebooks/check.py

notebooks-write: build ## execute the notebooks and keep their new outputs
	BLOCKTRAIN=bin/blocktrain python3 notebooks/check.py --write

bench: ## throughput of the kernels and of training
	go test -run '^$$' -bench . -benchtime 1s ./internal/kernel ./internal/engine

slow: ## tests that need minutes: kernels over all inputs, accuracy on real data
	go test -tags slow -timeout 60m ./...

clean:
	rm -rf bin dist

package activities

import (
	"context"
	"fmt"

	"github.com/seed1230462e/kiln/internal/spec"
)

// Document reads build documents. It is an activity and no part of the workflow so that
// a stricter check never breaks a build that is running.
type Document struct{}

// ReadDocumentInput holds a document as JSON or YAML that names no files.
type ReadDocumentInput struct {
	Text string `json:"text"`
}

// ReadDocumentResult is the document with its defaults.
type ReadDocumentResult struct {
	Build       spec.Build `json:"build"`
	Fingerprint string     `json:"fingerprint"`
}

// ReadDocument checks a document. Its failure is InvalidBuild and lists every fault.
func (*Document) ReadDocument(_ context.Context, in ReadDocumentInput) (ReadDocumentResult, error) {
	build, err := spec.Read("document", []byte(in.Text), spec.Options{})
	if err != nil {
		return ReadDocumentResult{}, Ended(InvalidBuild, fmt.Sprintf("the build document is not valid:\n%v", err),
			"Correct the document; `kiln validate FILE` shows the same faults with the lines they are in.")
	}
	return ReadDocumentResult{Build: build, Fingerprint: build.Fingerprint()}, nil
}

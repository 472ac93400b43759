package activities

import (
	"context"
	"fmt"
	"time"

	"github.com/seed1230462e/kiln/internal/spec"
)

// Document reads build documents. It is an activity and no part of the workflow so that
// a stricter check never breaks a build that is running.
type Document struct{}

// ReadDocumentInput holds a document as JSON or YAML that names no files.
type ReadDocumentInput struct {
	Text string `json:"text"`
	// At is the time that a schedule meant the build for, which may lie in a freeze window.
	At *time.Time `json:"at,omitempty"`
}

// ReadDocumentResult is the document with its defaults.
type ReadDocumentResult struct {
	Build       spec.Build `json:"build"`
	Fingerprint string     `json:"fingerprint"`
	Frozen      string     `json:"frozen,omitempty"` // the freeze window that At lies in
}

// ReadDocument checks a document. Its failure is InvalidBuild and lists every fault.
func (*Document) ReadDocument(_ context.Context, in ReadDocumentInput) (ReadDocumentResult, error) {
	build, err := spec.Read("document", []byte(in.Text), spec.Options{})
	if err != nil {
		return ReadDocumentResult{}, Ended(InvalidBuild, fmt.Sprintf("the build document is not valid:\n%v", err),
			"Correct the document; `kiln validate FILE` shows the same faults with the lines they are in.")
	}
	return ReadDocumentResult{Build: build, Fingerprint: build.Fingerprint(), Frozen: frozen(build, in.At)}, nil
}

// frozen describes the freeze window of a document that a time lies in. It is decided here
// since it takes the zones' rules, which differ from worker to worker.
func frozen(build spec.Build, at *time.Time) string {
	if build.Schedule == nil || at == nil {
		return ""
	}
	window, is := build.Schedule.Frozen(*at)
	if !is {
		return ""
	}
	text := fmt.Sprintf("frozen from %s to %s", window.From, window.To)
	if window.Reason != "" {
		text += ": " + window.Reason
	}
	return text
}

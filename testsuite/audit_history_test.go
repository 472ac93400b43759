package testsuite

import (
	"fmt"
	"io"
	"log/slog"

	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"google.golang.org/protobuf/proto"

	"github.com/seed1230462e/kiln/workflows"
)

// longestHistory is far below what makes a server slow, and far above what a build needs.
const longestHistory = 2000

// unreplayable: histories that are long, or that today's code would not have written.
func (d *docket) unreplayable() (found []string) {
	for _, b := range d.builds {
		if b.history == nil {
			continue
		}
		if n := len(b.history.GetEvents()); n >= longestHistory {
			found = append(found, fmt.Sprintf("the history of build %s has %d events", b.id, n))
		}
		replayer := worker.NewWorkflowReplayer()
		workflows.Register(replayer, workflows.Options{})
		history := proto.CloneOf(b.history) // replaying changes it
		if err := replayer.ReplayWorkflowHistory(log.NewStructuredLogger(slog.New(slog.NewTextHandler(io.Discard, nil))), history); err != nil {
			found = append(found, fmt.Sprintf("the history of build %s does not replay: %v", b.id, err))
		}
	}
	return found
}

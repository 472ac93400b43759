package starter

import (
	"context"
	"fmt"

	"go.temporal.io/sdk/converter"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/internal/spec"
	"github.com/seed1230462e/kiln/workflows"
)

// fleetInput is what a run of a fleet was started with.
type fleetInput struct {
	workflows.Fleet
	builds []workflows.FleetBuild // all that were to run
}

// fleetInput reads from the history what a run of a fleet was started with; no worker is needed. A
// run as which a fleet goes on has only those documents that are still needed, so it is the first run that counts.
func (s *session) fleetInput(ctx context.Context, fleetID, runID string) (fleetInput, error) {
	var is fleetInput
	started, _, err := s.history(ctx, fleetID, runID)
	if err != nil {
		return is, s.explain("read the history of fleet "+fleetID, fleetID, err)
	}
	if payload := payloadAt(started, 0); payload != nil {
		err = converter.GetDefaultDataConverter().FromPayload(payload, &is.Fleet)
	}
	if err == nil {
		is.builds, err = buildsOf(is.Fleet)
	}
	if err != nil {
		return is, cli.Fail(cli.ExitFailed, fmt.Errorf("read what fleet %s was started with: %w", fleetID, err))
	}
	return is, nil
}

// buildsOf are the builds of a fleet: those that it names, or all that its documents stand for.
func buildsOf(fleet workflows.Fleet) ([]workflows.FleetBuild, error) {
	if len(fleet.Builds) > 0 {
		return fleet.Builds, nil
	}
	var builds []workflows.FleetBuild
	for i, document := range fleet.Documents {
		is, err := spec.Expand(fmt.Sprintf("document %d", i), document, spec.Options{})
		if err != nil {
			return nil, err
		}
		for _, member := range is.Members {
			builds = append(builds, workflows.FleetBuild{ID: member.Build.Name, Document: i, Cell: member.Cell})
		}
	}
	return builds, nil
}

// lacks names a build of a batch that the fleet does not have; empty when it has them all.
func (f fleetInput) lacks(b batch) string {
	has := map[string]bool{}
	for _, build := range f.builds {
		has[build.ID] = true
	}
	for _, done := range f.Done {
		has[done.ID] = true
	}
	for _, member := range b.members {
		if !has[member.Build.Name] {
			return member.Build.Name
		}
	}
	return ""
}

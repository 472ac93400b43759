//go:build e2e

package testsuite

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/temporal"
)

// template makes the template that some of the builds share.
func (s *storm) template() string {
	b, err := s.begin("template", "kiln", strings.ReplaceAll(onTopBuild, "NAME", "template"))
	require.NoError(s.t, err)
	b = s.end(b)
	require.NoError(s.t, b.err)
	s.ended = append(s.ended, b)
	return b.result.PipelineID
}

// buildOn runs one build after the other until the storm is over.
func (s *storm) buildOn(template string) {
	for !s.isOver() {
		n := s.started.Add(1)
		id := fmt.Sprintf("build-%d", n)
		p := planOf(s.seed, n, template)
		b := s.take(s.build(id, p))
		var cancelled *temporal.CanceledError
		if p.retried && errors.As(b.err, &cancelled) {
			b, err := s.retry(b, "kiln")
			if err == nil {
				b = s.end(b)
			} else {
				b.err = err
			}
			s.take(b)
		}
	}
}

// take takes down how a run has ended.
func (s *storm) take(b built) built {
	s.note("%s ended: %v", b.id, b.err)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = append(s.ended, b)
	return b
}

func (s *storm) isOver() bool {
	select {
	case <-s.over:
		return true
	default:
		return false
	}
}

// build runs a build to its end, and cancels it when its plan says so.
func (s *storm) build(id string, p plan) built {
	calls := s.calls.Load()
	b, err := s.begin(id, "kiln", strings.ReplaceAll(p.document, "NAME", id))
	if b.unwanted = p.cancelAt > 0; b.unwanted && err == nil {
		err = s.cancel(id, calls+p.cancelAt)
	}
	if err != nil {
		b.err = err
		return b
	}
	return s.end(b)
}

// cancel cancels a build when all builds have made a number of calls.
func (s *storm) cancel(id string, calls int64) error {
	return persist("cancel build "+id, func(ctx context.Context) error {
		if s.calls.Load() < calls && !s.isOver() {
			return errors.New("it is to run for a while")
		}
		err := s.client.CancelWorkflow(ctx, id, "")
		var over *serviceerror.NotFound
		if errors.As(err, &over) {
			return nil
		}
		return err
	})
}

// plan is what becomes of a build.
type plan struct {
	document string
	cancelAt int64 // so many calls of all builds after its start; 0: never
	retried  bool  // when it is cancelled
}

// planOf draws the nth build. Some share a component, some a template, some keep nothing
// but the golden image. Some are cancelled, and of those some are begun again.
func planOf(seed uint64, n int64, template string) plan {
	chance := rand.New(rand.NewPCG(seed, uint64(n)))
	p := plan{document: goldenBuild}
	switch part := chance.IntN(100); {
	case part < 20:
		p.document = onTopBuild
	case part < 30:
		p.document = registerOnlyBuild
	case part < 45:
		p.document = strings.ReplaceAll(sharingBuild, "SHARED", fmt.Sprint(n/stormBuilds))
	case part < 60:
		p.document = onlyGolden
	case part < 63:
		p.document = `{"name": "NAME", "region": "cn-hangzhou", "template": {"id": "` + template + `"}}`
	}
	if chance.IntN(6) == 0 {
		p.cancelAt = 1 + chance.Int64N(2*stormBuilds)
	}
	if p.retried = chance.IntN(2) == 0; chance.IntN(2) == 0 {
		p.document = strings.Replace(p.document, `"region"`, `"onCancel": "keep", "region"`, 1)
	}
	return p
}

const registerOnlyBuild = `{"name": "NAME", "region": "cn-hangzhou",
	"source": {"import": {"disks": [{"bucket": "kiln-examples", "object": "disks/base.qcow2", "format": "QCOW2", "sizeGiB": 40}]}},
	"batchCompute": {"name": "NAME"}}`

const sharingBuild = `{"name": "NAME", "region": "cn-hangzhou", "source": {"imageId": "m-bp1kilnubuntu2404x64"},
	"components": [{"name": "shared", "version": "1.SHARED.0", "content": "RUN echo shared SHARED"}, {"name": "NAME", "content": "RUN echo NAME"}]}`

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
)

// template makes the template that some of the builds share.
func (s *storm) template() string {
	document := strings.ReplaceAll(onTopBuild, "NAME", "template")
	require.NoError(s.t, s.begin("template", "kiln", document))
	b := s.end("template", document)
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
		b := s.build(id, strings.ReplaceAll(p.document, "NAME", id), p.cancelAt)
		s.note("%s ended: %v", id, b.err)
		s.mu.Lock()
		s.ended = append(s.ended, b)
		s.mu.Unlock()
	}
}

func (s *storm) isOver() bool {
	select {
	case <-s.over:
		return true
	default:
		return false
	}
}

// build runs a build to its end, and cancels it after some calls of all builds; 0: never.
func (s *storm) build(id, document string, cancelAt int64) built {
	b := built{id: id, document: document, unwanted: cancelAt > 0}
	calls := s.calls.Load()
	if b.err = s.begin(id, "kiln", document); b.err != nil {
		return b
	}
	if b.unwanted {
		b.err = persist("cancel build "+id, func(ctx context.Context) error {
			if s.calls.Load() < calls+cancelAt && !s.isOver() {
				return errors.New("it is to run for a while")
			}
			err := s.client.CancelWorkflow(ctx, id, "")
			var over *serviceerror.NotFound
			if errors.As(err, &over) {
				return nil
			}
			return err
		})
		if b.err != nil {
			return b
		}
	}
	was := b
	b = s.end(id, document)
	b.unwanted = was.unwanted
	return b
}

// plan is what becomes of a build.
type plan struct {
	document string
	cancelAt int64
}

// planOf draws the nth build. Some share a component, some a template, some keep nothing
// but the golden image, and some are cancelled.
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
	if chance.IntN(8) == 0 {
		p.cancelAt = 1 + chance.Int64N(2*stormBuilds)
	}
	return p
}

const registerOnlyBuild = `{"name": "NAME", "region": "cn-hangzhou",
	"source": {"import": {"disks": [{"bucket": "kiln-examples", "object": "disks/base.qcow2", "format": "QCOW2", "sizeGiB": 40}]}},
	"batchCompute": {"name": "NAME"}}`

const sharingBuild = `{"name": "NAME", "region": "cn-hangzhou", "source": {"imageId": "m-bp1kilnubuntu2404x64"},
	"components": [{"name": "shared", "version": "1.SHARED.0", "content": "RUN echo shared SHARED"}, {"name": "NAME", "content": "RUN echo NAME"}]}`

package workflows

import (
	"fmt"
	"strings"

	"go.temporal.io/sdk/workflow"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/internal/spec"
)

// component is a component that the template can use.
type component struct {
	spec.Component
	id      string
	token   string
	adopted bool
	attempt int32
}

// makeComponents makes or adopts the components of the document, all at once, and
// returns them in the document's order.
func (b *build) makeComponents(ctx workflow.Context) ([]component, error) {
	if len(b.doc.Components) == 0 {
		return nil, nil
	}
	components := make([]component, len(b.doc.Components))
	wanted := make([]Resource, len(components))
	for i, c := range b.doc.Components {
		wanted[i] = Resource{Step: Step(fmt.Sprintf("%s/%d", StepComponents, i)), Kind: KindComponent,
			Name: c.Name + " " + c.Version, Inputs: digest(b.doc.Region, c)}
	}
	if b.retry == nil || !b.retry.anew(StepComponents) {
		b.ledger.claim(wanted)
	}
	err := b.step(ctx, StepComponents, func(s *StepProgress) error {
		failures := make([]error, len(components))
		all := workflow.NewWaitGroup(ctx)
		for i, c := range b.doc.Components {
			components[i] = component{Component: c, id: c.ID}
			if c.ID != "" {
				continue
			}
			all.Add(1)
			workflow.Go(ctx, func(ctx workflow.Context) {
				defer all.Done()
				failures[i] = b.makeComponent(ctx, s, wanted[i], &components[i])
			})
		}
		all.Wait(ctx)
		b.noteComponents(s, components)
		for _, err := range failures {
			if err != nil {
				return err
			}
		}
		return nil
	})
	return components, err
}

// makeComponent makes a component, or adopts the one that exists with its name, version
// and content.
func (b *build) makeComponent(ctx workflow.Context, s *StepProgress, wanted Resource, c *component) error {
	line, err := b.acquire(ctx, s, wanted, func(line *Resource, asked bool) error {
		return b.createComponent(ctx, s, c, line, asked)
	})
	if err != nil {
		return err
	}
	line = b.reclaim(line)
	b.result.Tokens[wanted.Step] = line.Token
	c.id, c.token, c.adopted = line.ID, line.Token, line.State == ResourceAdopted
	return nil
}

// reclaim gives a component its own line back when it was there because the build had made
// it before, and could not remove it.
func (b *build) reclaim(line *Resource) *Resource {
	own := b.ledger.last(func(other *Resource) bool {
		return other != line && other.Kind == KindComponent && other.ID == line.ID && other.Exists()
	})
	if line.State != ResourceAdopted || own == nil {
		return line
	}
	line.State, line.ID = ResourceRefused, ""
	own.State, own.Reason, own.current = ResourceMade, "", true
	return own
}

func (b *build) createComponent(ctx workflow.Context, s *StepProgress, c *component, line *Resource, asked bool) error {
	want := c.Component
	want.Tags = b.own(want.Tags, line.Token)
	var ecs *activities.Component
	var made activities.ComponentResult
	err := b.call(ctx, s, request{
		summary:  "create component " + c.Name + " " + c.Version,
		activity: ecs.CreateComponent,
		in:       activities.CreateComponentInput{Region: b.doc.Region, Token: line.Token, Component: want, Asked: asked},
		out:      &made,
	})
	line.ID, c.attempt = made.ID, made.Attempt
	if made.Adopted {
		line.State = ResourceAdopted
	}
	return err
}

// noteComponents puts what became of the components into the books.
func (b *build) noteComponents(s *StepProgress, components []component) {
	var ids, tokens []string
	adopted := 0
	b.result.Components = []ResultComponent{}
	for _, c := range components {
		if c.id == "" {
			continue
		}
		ids = append(ids, c.id)
		s.Attempts = max(s.Attempts, int(c.attempt))
		if c.token != "" {
			tokens = append(tokens, c.token)
		}
		if c.adopted {
			adopted++
		}
		b.result.Components = append(b.result.Components, ResultComponent{Name: c.Name, Version: c.Version, ID: c.id, Adopted: c.adopted})
	}
	s.ResourceID, s.Token = strings.Join(ids, ","), strings.Join(tokens, ",")
	if adopted > 0 {
		s.say("%d of %d existed with the same content", adopted, len(ids))
	}
}

package starter

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/internal/inventory"
	"github.com/seed1230462e/kiln/workflows"
)

// search is what a search for leftovers has found.
type search struct {
	leftovers []leftover
	unknown   int  // how many were dropped that may be in use
	narrow    bool // the user has not asked for everything
	parts     []part
	books     books
	account   inventory.Account
}

// part is what a region shows.
type part struct {
	region string
	items  []inventory.Item
	going  map[string]string // executions that may go on, by their template
	err    error             // why it is not everything
}

// searchLeftovers looks at what builds have in the cloud and at what Temporal knows of them.
func (s *session) searchLeftovers(ctx context.Context, opts leftoversOptions) (search, error) {
	account, err := opts.open(ctx, &opts.cloud)
	if err != nil {
		return search{}, err
	}
	known, err := s.readBooks(ctx)
	if err != nil {
		return search{}, err
	}
	regions := opts.Regions
	if len(regions) == 0 {
		regions = known.regions()
	}
	if len(regions) == 0 {
		return search{}, cli.Fail(cli.ExitUsage, fmt.Errorf("Temporal knows no build in namespace %s, so it is not known where to look: name a region with --region", s.opts.Namespace))
	}
	found := search{account: account, parts: make([]part, len(regions)), narrow: len(opts.Regions) > 0 || opts.BuildID != "" || opts.OlderThan > 0}
	found.inEach(func(p *part, i int) { p.region = regions[i]; p.list(ctx, account) })
	if found.books, err = s.latestRuns(ctx, known, found.builds()); err != nil {
		return search{}, err
	}
	found.inEach(func(p *part, _ int) { p.look(ctx, account, found.books) })
	if err := cmp.Or(ctx.Err(), found.blind()); err != nil {
		return search{}, err
	}
	found.leftovers = slices.DeleteFunc(found.books.judge(found.items(), opts.BuildID), opts.leavesOut(s.now()))
	slices.SortStableFunc(found.leftovers, func(x, y leftover) int {
		return cmp.Or(strings.Compare(x.Region, y.Region), strings.Compare(x.BuildID, y.BuildID), x.rank-y.rank, strings.Compare(x.ID, y.ID))
	})
	return found, nil
}

// leavesOut tells what the options leave out. What the cloud does not date is never old
// enough.
func (o *leftoversOptions) leavesOut(now time.Time) func(leftover) bool {
	return func(l leftover) bool {
		young := l.CreatedAt == nil || now.Sub(*l.CreatedAt) < o.OlderThan
		return o.BuildID != "" && l.BuildID != o.BuildID || o.OlderThan > 0 && young
	}
}

// inEach does the same in each region, in several at once.
func (f *search) inEach(do func(p *part, i int)) {
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i := range f.parts {
		group.Go(func() error {
			do(&f.parts[i], i)
			return nil
		})
	}
	_ = group.Wait() // what went wrong is in the parts
}

func (f *search) items() []inventory.Item {
	var all []inventory.Item
	for _, p := range f.parts {
		all = append(all, p.items...)
	}
	return all
}

// builds are those whose tags were found.
func (f *search) builds() []string {
	var ids []string
	for _, item := range f.items() {
		ids = append(ids, item.BuildID)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// blind is the error of a search that could look at nothing: it does not even know that
// nothing is left.
func (f *search) blind() error {
	var first error
	for _, p := range f.parts {
		if p.err == nil || len(p.items) > 0 {
			return nil
		}
		first = cmp.Or(first, p.err)
	}
	exit := cli.ExitFailed
	if inventory.NoAccess(first) {
		exit = cli.ExitConnection
	}
	return cli.Fail(exit, fmt.Errorf("the cloud account cannot be looked at: %w", first))
}

// incomplete is the error of a search that could not look at everything.
func (f *search) incomplete() error {
	var regions []string
	var first error
	for _, p := range f.parts {
		if p.err != nil {
			regions, first = append(regions, p.region), cmp.Or(first, p.err)
		}
	}
	if first == nil {
		return nil
	}
	return cli.Fail(cli.ExitPartial, fmt.Errorf("not everything could be looked at in %s: %w", strings.Join(regions, ", "), first))
}

// list lists what carries the tag of a build.
func (p *part) list(ctx context.Context, account inventory.Account) {
	p.items, p.err = patiently(ctx, func() ([]inventory.Item, error) { return account.List(ctx, p.region) })
}

// look looks for what no list of tagged resources shows and only a ledger knows.
func (p *part) look(ctx context.Context, account inventory.Account, known books) {
	p.going = map[string]string{}
	for _, ref := range known.unlisted(p.region, p.has) {
		sight := p.see(ctx, account, ref)
		if sight.ImageID != "" {
			p.madeBy(ctx, account, ref, sight)
		}
	}
}

func (p *part) has(kind inventory.Kind, id string) bool {
	return slices.ContainsFunc(p.items, func(item inventory.Item) bool { return item.Kind == kind && item.ID == id })
}

// see adds what is the build's and is there, and is no run that has ended.
func (p *part) see(ctx context.Context, account inventory.Account, ref inventory.Ref) inventory.Sight {
	sight, err := patiently(ctx, func() (inventory.Sight, error) { return account.See(ctx, ref) })
	if ref.Kind == inventory.KindExecution && !inventory.NotFound(err) && !sight.Over {
		p.going[ref.Of] = cmp.Or(sight.ID, ref.ID)
	}
	switch {
	case inventory.NotFound(err):
		return inventory.Sight{}
	case err != nil:
		p.err = cmp.Or(p.err, fmt.Errorf("look at the %s of build %s: %w", ref.Kind, ref.BuildID, err))
		return inventory.Sight{}
	case sight.Ours && !sight.Over && !p.has(ref.Kind, sight.ID):
		ref.ID = sight.ID
		p.items = append(p.items, inventory.Item{Ref: ref, Name: sight.Name, Status: sight.Status, CreatedAt: sight.CreatedAt})
	}
	return sight
}

// madeBy notes which execution has made an image: that of a template carries the tags of
// the build that made the template, if any.
func (p *part) madeBy(ctx context.Context, account inventory.Account, ref inventory.Ref, execution inventory.Sight) {
	for i := range p.items {
		if image := &p.items[i]; image.Kind == inventory.KindImage && image.ID == execution.ImageID {
			image.Of = execution.ID
			return
		}
	}
	p.see(ctx, account, inventory.Ref{Region: p.region, Kind: inventory.KindImage, ID: execution.ImageID, Of: execution.ID, Token: ref.Token, BuildID: ref.BuildID})
}

// unlisted are what ledgers of runs that are over name in a region and no list of tagged
// resources shows: runs, registrations, and images that an existing template has made.
func (b books) unlisted(region string, listed func(kind inventory.Kind, id string) bool) []inventory.Ref {
	var refs []inventory.Ref
	for _, r := range b {
		for _, line := range r.Lines {
			kept := r.succeeded() && line.State != workflows.ResourceLeft
			if line.Region != region || !line.Exists() || r.running() || kept || listed(line.Kind, line.ID) {
				continue
			}
			ref := inventory.Ref{Region: region, Kind: line.Kind, ID: line.ID, Of: line.Of, Token: line.Token, BuildID: r.BuildID}
			if r.hidden(line) && !slices.Contains(refs, ref) {
				refs = append(refs, ref)
			}
		}
	}
	return refs
}

// hidden tells whether a list of tagged resources does not show a line's resource.
func (r ran) hidden(line workflows.Resource) bool {
	switch {
	case line.Kind.Runs(), line.Kind == inventory.KindRegistration:
		return true
	case line.Kind != inventory.KindImage || line.ID == "" || line.Of == "":
		return false
	}
	return !slices.ContainsFunc(r.Lines, func(template workflows.Resource) bool {
		return template.Kind == inventory.KindTemplate && template.Token == line.Token
	})
}

// patiently tries again what passes, a few times.
func patiently[T any](ctx context.Context, do func() (T, error)) (T, error) {
	for attempt := 0; ; attempt++ {
		value, err := do()
		pause, passing := inventory.Passing(err)
		if !passing || attempt == 3 {
			return value, err
		}
		if err := sleep(ctx, max(pause, time.Second<<attempt)); err != nil {
			return value, err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

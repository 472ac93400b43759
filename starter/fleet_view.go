package starter

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"charm.land/lipgloss/v2"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/workflows"
)

// followFleet shows a fleet until it is over, as follow does a build.
func (s *session) followFleet(ctx context.Context, fleetID, runID string, opts followOptions) (fleetSnapshot, error) {
	view := s.newFleetView(opts.Progress)
	return bounded(ctx, opts, subject{"fleet", fleetID}, s.name, func(ctx context.Context) (fleetSnapshot, error) {
		return (&fleetLooks{session: s, id: fleetID, runID: runID}).watch(ctx, view)
	})
}

func (l *fleetLooks) watch(ctx context.Context, view fleetView) (fleetSnapshot, error) {
	_, live := view.(*liveFleet)
	return untilClosed(ctx, newPace(live), view.show,
		func(last fleetSnapshot) (fleetSnapshot, error) {
			snap, err := l.look(ctx)
			if len(snap.Members) == 0 { // nobody answered
				snap.Members, snap.Counts = last.Members, last.Counts
			}
			return snap, err
		},
		func(last fleetSnapshot) fleetSnapshot {
			last.Note = l.lost("fleet")
			return last
		})
}

// fleetView shows the progress of a fleet, look by look.
type fleetView interface{ show(fleetSnapshot) }

// newFleetView is the view that the user asked for.
func (a *app) newFleetView(form cli.Progress) fleetView {
	switch form {
	case cli.ProgressNone:
		return noFleetView{}
	case cli.ProgressJSON:
		return &jsonFleet{w: a.Err, now: a.now}
	case cli.ProgressAuto:
		if file, ok := a.terminal(); ok {
			return &liveFleet{w: file, now: a.now, size: func() (int, int) { return terminalSize(file) }}
		}
	}
	return &plainFleet{plainView: plainView{w: a.Err, now: a.now}}
}

type noFleetView struct{}

func (noFleetView) show(fleetSnapshot) {}

// news remembers how the builds of a fleet stood.
type news map[string]workflows.State

// of are the builds that stand otherwise than at the last look.
func (n *news) of(members []workflows.FleetMember) []workflows.FleetMember {
	if *n == nil {
		*n = news{}
	}
	var changed []workflows.FleetMember
	for _, m := range members {
		if is := standing(m); (*n)[m.ID] != is {
			(*n)[m.ID] = is
			changed = append(changed, m)
		}
	}
	return changed
}

// inTrouble tells whether a build has failed, or something after its image.
func inTrouble(m workflows.FleetMember) bool {
	is := standing(m)
	return is == workflows.StateFailed || is == statePartial
}

// plainFleet writes a line for each build that is over, and one that counts. What was over before
// the first look is only counted, but for what went wrong.
type plainFleet struct {
	plainView
	news    news
	counted string // what the last counter was about
}

func (v *plainFleet) show(s fleetSnapshot) {
	first := v.news == nil
	for _, m := range v.news.of(s.Members) {
		if !isOver(m) || m.State == workflows.StateSkipped || first && !inTrouble(m) { // there may be hundreds
			continue
		}
		v.say(endedLine(m))
	}
	t := tallyOf(s.Members)
	if counted := fmt.Sprint(t.done(), t[workflows.StateRunning] > 0); counted != v.counted && t.of() > 0 {
		v.counted = counted
		v.say(t.counter())
	}
	v.sayNote(s.Note)
}

// endedLine is a build of a fleet that is over.
func endedLine(m workflows.FleetMember) string {
	line := fmt.Sprintf("%s  %s", m.ID, join(string(standing(m)), m.ImageID, reason(m)))
	if since := memberTook(m, farFuture); m.FinishedAt != nil && since != "" {
		line += "  (" + since + ")"
	}
	return line
}

// liveFleet repaints the counter and the builds that run. What failed scrolls up and stays.
type liveFleet struct {
	w       io.Writer
	now     func() time.Time
	size    func() (width, height int)
	news    news
	painted int // lines on the screen
}

func (v *liveFleet) show(s fleetSnapshot) {
	const upAndClear = "\x1b[%dA\r\x1b[J"
	if v.painted > 0 {
		_, _ = fmt.Fprintf(v.w, upAndClear, v.painted)
	}
	for _, line := range v.failures(s) {
		_, _ = lipgloss.Fprintln(v.w, line)
	}
	lines := v.lines(s)
	for _, line := range lines {
		_, _ = lipgloss.Fprintln(v.w, line)
	}
	v.painted = len(lines)
}

// failures are the lines of builds that have failed since the last look, and of those with trouble.
func (v *liveFleet) failures(s fleetSnapshot) []string {
	var lines []string
	for _, m := range v.news.of(s.Members) {
		if inTrouble(m) {
			lines = append(lines, paint(workflows.StateFailed, marks[workflows.StateFailed])+" "+endedLine(m))
		}
	}
	return lines
}

// lines are the counter and as many of the builds that run as fit on the screen; none when
// the fleet is over.
func (v *liveFleet) lines(s fleetSnapshot) []string {
	width, height := v.size()
	lines := []string{v.headline(s)}
	if s.Note != "" {
		lines = append(lines, "  "+paint(workflows.StateCancelled, s.Note))
	}
	var running []workflows.FleetMember
	for _, m := range s.Members {
		if standing(m) == workflows.StateRunning && !s.closed() {
			running = append(running, m)
		}
	}
	room := len(running)
	if height > 0 { // some terminals say 0
		room = max(height-1-len(lines), 0)
	}
	if len(running) > room {
		room = max(room-1, 0)
	}
	for _, m := range running[:min(room, len(running))] {
		lines = append(lines, v.row(m))
	}
	if more := len(running) - room; more > 0 && (height == 0 || len(lines) < height-1) {
		lines = append(lines, fmt.Sprintf("  … and %d more", more))
	}
	if width > 0 {
		for i := range lines {
			lines[i] = lipgloss.NewStyle().MaxWidth(width).Render(lines[i])
		}
	}
	return lines
}

func (v *liveFleet) headline(s fleetSnapshot) string {
	end := v.now()
	if s.FinishedAt != nil {
		end = *s.FinishedAt
	}
	t := tallyOf(s.Members)
	parts := []string{lipgloss.NewStyle().Bold(true).Render(s.FleetID), paint(s.State, string(s.State)), took(end.Sub(s.StartedAt))}
	if t.of() > 0 {
		parts = append(parts, bar(t.done()*100/t.of()), t.counter())
	}
	return strings.Join(parts, "  ")
}

func (v *liveFleet) row(m workflows.FleetMember) string {
	what := fmt.Sprintf("%s %s", marks[workflows.StateRunning], m.ID)
	return "  " + join(paint(workflows.StateRunning, what), m.Region, memberTook(m, v.now()), string(m.Step))
}

// jsonFleet writes a JSON document for each build that stands otherwise, and one that counts.
type jsonFleet struct {
	w       io.Writer
	now     func() time.Time
	news    news
	counted string
}

// memberEvent is a build of a fleet in the JSON progress.
type memberEvent struct {
	eventHead
	workflows.FleetMember
}

// fleetEvent is a fleet in the JSON progress.
type fleetEvent struct {
	eventHead
	FleetID string                  `json:"fleetId"`
	RunID   string                  `json:"runId"`
	State   workflows.State         `json:"state"`
	Counts  map[workflows.State]int `json:"counts"`
	Note    string                  `json:"note,omitempty"`
}

func (v *jsonFleet) show(s fleetSnapshot) {
	for _, m := range v.news.of(s.Members) {
		if standing(m) != workflows.StatePending {
			_ = cli.OutputJSONL.Write(v.w, memberEvent{eventHead{v.now(), "build"}, m})
		}
	}
	line := fleetEvent{eventHead: eventHead{v.now(), "progress"}, FleetID: s.FleetID, RunID: s.RunID, State: s.State, Counts: s.Counts, Note: s.Note}
	if said := fmt.Sprint(s.State, s.Counts, s.Note); said != v.counted {
		v.counted = said
		_ = cli.OutputJSONL.Write(v.w, line)
	}
}

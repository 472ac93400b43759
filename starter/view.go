package starter

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"charm.land/lipgloss/v2"
	"golang.org/x/term"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/workflows"
)

// view shows the progress of a build, look by look.
type view interface{ show(snapshot) }

// newView is the view that the user asked for. A terminal that can repaint gets the
// live one.
func (a *app) newView(form cli.Progress) view {
	switch form {
	case cli.ProgressNone:
		return noView{}
	case cli.ProgressJSON:
		return &jsonView{w: a.Err, now: a.now}
	case cli.ProgressAuto:
		if file, ok := a.terminal(); ok {
			return &liveView{w: file, now: a.now, size: func() (int, int) { return terminalSize(file) }}
		}
	}
	return &plainView{w: a.Err, now: a.now, said: map[workflows.Step]string{}}
}

// terminal is the standard error when it is a terminal that can repaint.
func (a *app) terminal() (*os.File, bool) {
	file, ok := a.Err.(*os.File)
	return file, ok && term.IsTerminal(int(file.Fd())) && os.Getenv("TERM") != "dumb"
}

func terminalSize(file *os.File) (width, height int) {
	width, height, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 80, 24
	}
	return width, height
}

type noView struct{}

func (noView) show(snapshot) {}

// liveView repaints a few lines of a terminal.
type liveView struct {
	w       io.Writer
	now     func() time.Time
	size    func() (width, height int)
	painted int // lines on the screen
}

func (v *liveView) show(s snapshot) {
	const upAndClear = "\x1b[%dA\r\x1b[J"
	if v.painted > 0 {
		_, _ = fmt.Fprintf(v.w, upAndClear, v.painted)
	}
	lines := v.lines(s)
	for _, line := range lines {
		_, _ = lipgloss.Fprintln(v.w, line)
	}
	v.painted = len(lines)
}

// lines are those that fit on the screen, since what has scrolled away cannot be
// repainted: where there is little room, the step that runs. The last look needs no room.
func (v *liveView) lines(s snapshot) []string {
	width, height := v.size()
	lines := render(s, v.now(), width)
	if len(lines) < height || height == 0 || s.closed() { // some terminals say 0
		return lines
	}
	s.Steps = slices.DeleteFunc(slices.Clone(s.Steps), func(st step) bool { return !st.active() })
	lines = render(s, v.now(), width)
	return lines[:min(len(lines), max(height-1, 1))]
}

// plainView writes a line for each change.
type plainView struct {
	w    io.Writer
	now  func() time.Time
	said map[workflows.Step]string
	note string
}

func (v *plainView) show(s snapshot) {
	for _, st := range s.Steps {
		line := plainLine(st)
		if st.State == workflows.StatePending || line == v.said[st.Name] {
			continue
		}
		v.said[st.Name] = line
		v.say(line)
	}
	v.sayNote(s.Note)
}

// sayNote says why nothing better is known, once.
func (v *plainView) sayNote(note string) {
	if note != v.note && note != "" {
		v.say(note)
	}
	v.note = note
}

func (v *plainView) say(line string) {
	_, _ = fmt.Fprintf(v.w, "%s  %s\n", v.now().Format(time.TimeOnly), line)
}

// plainLine is a step in words that change only when there is news: percents in tens,
// no clock that runs.
func plainLine(s step) string {
	line := fmt.Sprintf("%-11s %-10s", s.Name, s.State)
	switch {
	case s.State == workflows.StateRunning:
		percent := ""
		if tens := s.Percent / 10 * 10; tens > 0 {
			percent = fmt.Sprintf("%d%%", tens)
		}
		line += " " + join(percent, doing(s, farFuture))
	case s.State == workflows.StateWaiting:
		line += " " + join(s.ResourceID, remark(s))
	case s.StartedAt != nil && s.FinishedAt != nil:
		line += " " + join(s.ResourceID, remark(s), "("+took(s.FinishedAt.Sub(*s.StartedAt))+")")
	}
	return strings.TrimRight(line, " ")
}

// farFuture is after every next attempt, so that doing does not say when it is.
var farFuture = time.Unix(1<<40, 0)

// jsonView writes a JSON document for each change.
type jsonView struct {
	w    io.Writer
	now  func() time.Time
	said string
}

// event is a line of the JSON progress.
type event struct {
	eventHead
	snapshot
}

func (v *jsonView) show(s snapshot) {
	body, err := json.Marshal(s)
	if err != nil || string(body) == v.said {
		return
	}
	v.said = string(body)
	_ = cli.OutputJSONL.Write(v.w, event{eventHead{v.now(), "progress"}, s})
}

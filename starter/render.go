package starter

import (
	"fmt"
	"strings"
	"time"

	"charm.land/lipgloss/v2"

	"github.com/seed1230462e/kiln/workflows"
)

// marks show the state of a step at a glance.
var marks = map[workflows.State]string{
	workflows.StatePending:   "○",
	workflows.StateRunning:   "●",
	workflows.StateWaiting:   "◆",
	workflows.StateSucceeded: "✓",
	workflows.StateFailed:    "✗",
	workflows.StateCancelled: "■",
	workflows.StateSkipped:   "–",
}

// colors are those of the terminal's own palette.
var colors = map[workflows.State]string{
	workflows.StatePending:   "8",
	workflows.StateRunning:   "6",
	workflows.StateWaiting:   "5",
	workflows.StateSucceeded: "2",
	workflows.StateFailed:    "1",
	workflows.StateCancelled: "3",
	workflows.StateSkipped:   "8",
	workflows.StateUnchanged: "2",
}

func paint(state workflows.State, text string) string {
	return lipgloss.NewStyle().Foreground(lipgloss.Color(colors[state])).Render(text)
}

// render shows a build in a few lines, one a step, none wider than width; width 0 is
// any. The lines carry colours; lipgloss.Fprint takes them out where they do not belong.
func render(s snapshot, now time.Time, width int) []string {
	lines := []string{headline(s, now)}
	for _, st := range s.Steps {
		lines = append(lines, strings.TrimRight(row(st, now), " "))
	}
	if s.Note != "" {
		lines = append(lines, "  "+paint(workflows.StateCancelled, s.Note))
	}
	if width > 0 {
		for i := range lines {
			lines[i] = lipgloss.NewStyle().MaxWidth(width).Render(lines[i])
		}
	}
	return lines
}

func headline(s snapshot, now time.Time) string {
	end := now
	if s.FinishedAt != nil {
		end = *s.FinishedAt
	}
	parts := []string{lipgloss.NewStyle().Bold(true).Render(s.BuildID)}
	if s.Region != "" {
		parts = append(parts, s.Region)
	}
	return strings.Join(append(parts, paint(s.State, string(s.State)), took(end.Sub(s.StartedAt))), "  ")
}

const stateWidth = len(workflows.StateSucceeded) + 1

func row(s step, now time.Time) string {
	what := fmt.Sprintf("%s %-11s %s", marks[s.State], s.Name, s.State)
	padding := strings.Repeat(" ", max(stateWidth-len(s.State), 0))
	return fmt.Sprintf("  %s%s %7s  %s", paint(s.State, what), padding, elapsed(s, now), tail(s, now))
}

func elapsed(s step, now time.Time) string {
	switch {
	case s.StartedAt == nil:
		return ""
	case s.FinishedAt != nil:
		return took(s.FinishedAt.Sub(*s.StartedAt))
	}
	return took(now.Sub(*s.StartedAt))
}

// tail is what a row says last: what a running step is doing, what a finished one made, what
// one waits for.
func tail(s step, now time.Time) string {
	if s.State != workflows.StateRunning {
		return join(s.ResourceID, remark(s))
	}
	var parts []string
	if s.Percent > 0 {
		parts = append(parts, fmt.Sprintf("%s %3d%%", bar(s.Percent), s.Percent))
	}
	if doing := doing(s, now); doing != "" {
		parts = append(parts, doing)
	}
	return strings.Join(parts, "  ")
}

// remark is what a step that is over says of its end; that of a failed one is told with
// the build's failure, but for a clean-up, which is never the reason.
func remark(s step) string {
	if s.State == workflows.StateFailed && s.Name != workflows.StepCleanup {
		return ""
	}
	return oneLine(s.Detail)
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// doing is what a running step does or waits for, on one line.
func doing(s step, now time.Time) string {
	if s.Retry == nil {
		return oneLine(s.Detail)
	}
	return fmt.Sprintf("attempt %d%s: %s", s.Retry.Attempt, next(s.Retry.NextAt, now), s.Retry.Failure)
}

func next(at *time.Time, now time.Time) string {
	if at == nil || !at.After(now) {
		return ""
	}
	return ", next in " + took(at.Sub(now))
}

const barWidth = 16

func bar(percent int) string {
	full := min(max(percent, 0), 100) * barWidth / 100
	return strings.Repeat("█", full) + strings.Repeat("░", barWidth-full)
}

// took is a duration for people: 41s, 2m03s, 1h02m.
func took(d time.Duration) string {
	d = max(d, 0).Round(time.Second)
	h, m, s := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	switch {
	case h > 0:
		return fmt.Sprintf("%dh%02dm", h, m)
	case m > 0:
		return fmt.Sprintf("%dm%02ds", m, s)
	}
	return fmt.Sprintf("%ds", s)
}

package starter

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/seed1230462e/kiln/internal/spec"
	"github.com/seed1230462e/kiln/workflows"
)

// scheduleText is all that applying a document decides of a schedule, for people to compare.
type scheduleText struct {
	ScheduleID string          `json:"scheduleId"`
	Workflow   string          `json:"workflow,omitempty"`   // when it is not that of builds
	WorkflowID string          `json:"workflowId,omitempty"` // when it is not the schedule's id
	TaskQueue  string          `json:"taskQueue"`
	Exclude    []spec.Calendar `json:"exclude,omitempty"` // times that are left out
	Document   any             `json:"document"`
}

// text is the schedule as YAML.
func (is schedule) text() string {
	t := scheduleText{ScheduleID: is.id, TaskQueue: is.action.TaskQueue, Exclude: is.times.Exclude, Document: is.build}
	if kind, _ := is.action.Workflow.(string); kind != workflows.BuildType {
		t.Workflow = kind
	}
	t.setWorkflowID(is.action.ID)
	if is.fault != nil {
		t.Document = is.raw()
	}
	return t.yaml()
}

func (t *scheduleText) setWorkflowID(id string) {
	if id != t.ScheduleID {
		t.WorkflowID = id
	}
}

// yaml writes the text with the fields in the order of the document's reference.
func (t scheduleText) yaml() string {
	data, err := json.Marshal(t)
	if err != nil {
		panic(err) // text, numbers and maps of text always marshal
	}
	var ordered any
	if err := yaml.UnmarshalWithOptions(data, &ordered, yaml.UseOrderedMap()); err != nil {
		return string(data) + "\n"
	}
	text, err := yaml.MarshalWithOptions(ordered, yaml.UseLiteralStyleIfMultiline(true), yaml.IndentSequence(true))
	if err != nil {
		return string(data) + "\n"
	}
	return string(text)
}

// diff is what has to be done to get from one text to the other, line by line, with a few
// lines around each change; empty when they are the same.
func diff(before, after string) string {
	if before == after {
		return ""
	}
	edits := edit(splitLines(before), splitLines(after))
	const around = 3
	var b strings.Builder
	shown := -1 // the last line that is shown
	for i, e := range edits {
		if !near(edits, i, around) {
			continue
		}
		if shown >= 0 && i > shown+1 {
			b.WriteString("  …\n")
		}
		fmt.Fprintf(&b, "%c %s\n", e.sign, e.line)
		shown = i
	}
	return b.String()
}

func splitLines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// An edited line stays, goes or comes: ' ', '-' or '+'.
type edited struct {
	sign rune
	line string
}

// near tells whether a line is changed or close to one that is.
func near(edits []edited, i, around int) bool {
	for j := max(i-around, 0); j <= min(i+around, len(edits)-1); j++ {
		if edits[j].sign != ' ' {
			return true
		}
	}
	return false
}

// manyPairs of lines take too much room to compare each with each.
const manyPairs = 4_000_000

func each(sign rune, lines []string) []edited {
	var all []edited
	for _, line := range lines {
		all = append(all, edited{sign, line})
	}
	return all
}

// edit finds the fewest lines that go and come, by the longest common subsequence.
func edit(before, after []string) []edited {
	var head, end []edited
	for len(before) > 0 && len(after) > 0 && before[0] == after[0] {
		head = append(head, edited{' ', before[0]})
		before, after = before[1:], after[1:]
	}
	for n, m := len(before), len(after); n > 0 && m > 0 && before[n-1] == after[m-1]; n, m = n-1, m-1 {
		end = append([]edited{{' ', before[n-1]}}, end...)
		before, after = before[:n-1], after[:m-1]
	}
	if len(before)*len(after) > manyPairs {
		return append(append(append(head, each('-', before)...), each('+', after)...), end...)
	}
	common := make([][]int, len(before)+1) // from here to the end
	for i := range common {
		common[i] = make([]int, len(after)+1)
	}
	for i := len(before) - 1; i >= 0; i-- {
		for j := len(after) - 1; j >= 0; j-- {
			if before[i] == after[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(before) || j < len(after) {
		switch {
		case i < len(before) && j < len(after) && before[i] == after[j]:
			head = append(head, edited{' ', before[i]})
			i, j = i+1, j+1
		case j == len(after) || i < len(before) && common[i+1][j] >= common[i][j+1]:
			head = append(head, edited{'-', before[i]})
			i++
		default:
			head = append(head, edited{'+', after[j]})
			j++
		}
	}
	return append(head, end...)
}

package starter

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/seed1230462e/kiln/workflows"
)

// printResult shows every id of a finished build, aligned, and what its steps have to say.
func printResult(w io.Writer, r workflows.Result, steps []step) error {
	_, _ = fmt.Fprintf(w, "Build %s %s in %s\n\n", r.BuildID, ended(workflows.State(r.Outcome)), took(r.FinishedAt.Sub(r.StartedAt)))
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range append(resultRows(r), stepRows(steps)...) {
		if strings.TrimSpace(row[1]) != "" {
			_, _ = fmt.Fprintf(table, "  %s\t%s\n", row[0], row[1])
		}
	}
	return table.Flush()
}

func resultRows(r workflows.Result) [][2]string {
	image := ""
	if r.ImageID != "" { // a run that was skipped may have none
		image = join(r.ImageID, r.ImageName, r.Region)
	}
	rows := [][2]string{
		{"reason", r.SkipReason},
		{"image", image},
		{"imported image", join(r.ImportedImageID, label("task", r.ImportTaskID))},
	}
	for _, c := range r.Components {
		adopted := ""
		if c.Adopted {
			adopted = "existed already"
		}
		rows = append(rows, [2]string{"component", join(c.ID, c.Name, c.Version, adopted)})
	}
	rows = append(rows,
		[2]string{"template", r.PipelineID},
		[2]string{"execution", r.ExecutionID},
		[2]string{"Batch Compute", r.BatchComputeImageID})
	for _, c := range r.Copies {
		rows = append(rows, [2]string{"copy", join(c.ImageID, c.Region)})
	}
	rows = append(rows, [2]string{"shared with", strings.Join(r.SharedWith, ", ")})
	if r.Approval != nil {
		rows = append(rows, [2]string{"approved by", join(r.Approval.By, r.Approval.Reason)})
	}
	for _, gone := range r.Resources {
		if gone.State == workflows.ResourceRemoved && gone.ID != "" {
			rows = append(rows, [2]string{"removed", join(string(gone.Kind)+" "+gone.ID, gone.Name)})
		}
	}
	for _, warning := range r.Warnings {
		rows = append(rows, [2]string{"warning", warning})
	}
	return append(rows, [2]string{"fingerprint", r.Fingerprint}, [2]string{"run id", r.RunID})
}

// stepRows are what a build made anew or did not have to make.
func stepRows(steps []step) [][2]string {
	var rows [][2]string
	for _, s := range steps {
		if s.Name != workflows.StepCleanup && s.Name != workflows.StepApproval { // what it removed is named, and who approved
			rows = append(rows, [2]string{string(s.Name), remark(s)})
		}
	}
	return rows
}

// join puts what is there side by side.
func join(parts ...string) string {
	var there []string
	for _, part := range parts {
		if part != "" {
			there = append(there, part)
		}
	}
	return strings.Join(there, "  ")
}

func label(name, value string) string {
	if value == "" {
		return ""
	}
	return name + " " + value
}

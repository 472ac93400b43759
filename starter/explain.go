package starter

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/internal/errcode"
)

// explained is a row of the catalogue with what Kiln does about it.
type explained struct {
	Code       string        `json:"code"`
	API        string        `json:"api"`
	HTTPStatus int           `json:"httpStatus"` // 0 for a code of our own
	Class      errcode.Class `json:"class"`
	Meaning    string        `json:"meaning"`
	Does       string        `json:"does"`
	Advice     string        `json:"advice"`
	Message    string        `json:"message"`
	Source     string        `json:"source"`
	Document   string        `json:"document,omitempty"`
}

func explain(entries []errcode.Entry) []explained {
	var all []explained
	for _, e := range entries {
		all = append(all, explained{
			Code: e.Code, API: e.API, HTTPStatus: e.Status, Class: e.Class, Meaning: e.Meaning, Does: e.Does(),
			Advice: e.Advice, Message: e.Message, Source: e.Source, Document: e.Document,
		})
	}
	return all
}

// printErrors prints a line a row, then what Kiln does about the classes among them.
func printErrors(w io.Writer, rows []explained) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "CODE\tAPI\tHTTP\tCLASS\tMEANING AND FIX")
	for _, r := range rows {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s %s\n", r.Code, r.API, httpStatus(r.HTTPStatus), r.Class, r.Meaning, r.Advice)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(w, "\nWhat Kiln does about")
	for _, class := range errcode.Classes() {
		if slices.ContainsFunc(rows, func(r explained) bool { return r.Class == class }) {
			_, _ = fmt.Fprintf(w, "  %-9s  %s\n", class, class.Does())
		}
	}
	return nil
}

func httpStatus(status int) string {
	if status == 0 {
		return "-"
	}
	return strconv.Itoa(status)
}

func printExplained(w io.Writer, r explained) {
	_, _ = fmt.Fprintln(w, r.Code)
	for _, line := range [][2]string{
		{"api", r.API}, {"http", httpStatus(r.HTTPStatus)}, {"class", string(r.Class)}, {"meaning", r.Meaning},
		{"kiln does", r.Does}, {"fix", r.Advice}, {"message", dash(r.Message)}, {"source", r.Source},
	} {
		_, _ = fmt.Fprintf(w, "  %-9s  %s\n", line[0], line[1])
	}
}

// unknownCode says what Kiln would do about a code that has no row, and which may be meant.
func unknownCode(api, code string) error {
	text := fmt.Sprintf("the code %q is unknown to Kiln", code)
	elsewhere := errcode.Rows("", code)
	if api != "" && len(elsewhere) > 0 {
		text += fmt.Sprintf(" at %s; leave --api out for its rows at %s", api, elsewhere[0].API)
	} else {
		text += didYouMean(code)
	}
	broken, refused := errcode.Classify(api, code, 500, ""), errcode.Classify(api, code, 400, "")
	if broken == refused {
		text += fmt.Sprintf("\n  any status  %s: %s", refused, refused.Does())
	} else {
		text += fmt.Sprintf("\n  HTTP 5xx    %s: %s\n  any other   %s: %s", broken, broken.Does(), refused, refused.Does())
	}
	return cli.Fail(cli.ExitFailed, errors.New(text))
}

// didYouMean is the end of a sentence that names the codes much like one, or empty.
func didYouMean(code string) string {
	if near := errcode.Near(code); len(near) > 0 {
		return "; did you mean " + strings.Join(near, ", ") + "?"
	}
	return ""
}

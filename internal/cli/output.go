package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// Output is the form of a result.
type Output string

// The forms.
const (
	OutputText  Output = "text"  // for people
	OutputJSON  Output = "json"  // one indented document
	OutputJSONL Output = "jsonl" // one document a line
)

// Progress is the form of progress.
type Progress string

// The forms.
const (
	ProgressAuto  Progress = "auto"  // live on a terminal, plain elsewhere
	ProgressPlain Progress = "plain" // one line a change
	ProgressJSON  Progress = "json"  // one JSON document a change
	ProgressNone  Progress = "none"
)

// AddOutput defines -o, --output.
func AddOutput(cmd *cobra.Command, to *Output) {
	*to = OutputText
	choice(cmd, (*string)(to), "output", "o", "form of the result on standard output", string(OutputText), string(OutputJSON), string(OutputJSONL))
}

// AddProgress defines --progress.
func AddProgress(cmd *cobra.Command, to *Progress) {
	*to = ProgressAuto
	choice(cmd, (*string)(to), "progress", "", "form of the progress on standard error",
		string(ProgressAuto), string(ProgressPlain), string(ProgressJSON), string(ProgressNone))
}

// Write writes v as JSON: indented, or on one line for jsonl.
func (o Output) Write(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if o == OutputJSON {
		enc.SetIndent("", "  ")
	}
	return enc.Encode(v)
}

// WriteAll writes a list as JSON: an array, or one line an item for jsonl.
func WriteAll[T any](w io.Writer, o Output, items []T) error {
	if o == OutputJSON {
		if items == nil {
			items = []T{}
		}
		return o.Write(w, items)
	}
	for _, item := range items {
		if err := o.Write(w, item); err != nil {
			return err
		}
	}
	return nil
}

// Choice defines a flag that takes one of a few words, with completion.
func Choice(cmd *cobra.Command, to *string, name, usage string, words ...string) {
	choice(cmd, to, name, "", usage, words...)
}

func choice(cmd *cobra.Command, to *string, name, short, usage string, words ...string) {
	cmd.Flags().VarP(&oneOf{to: to, words: words}, name, short, usage+": "+strings.Join(words, ", "))
	complete := cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
	_ = cmd.RegisterFlagCompletionFunc(name, complete) // fails for a flag that does not exist only
}

// oneOf is a flag value out of a few words.
type oneOf struct {
	to    *string
	words []string
}

func (o *oneOf) String() string {
	if o.to == nil { // pflag asks a zero value for its default
		return ""
	}
	return *o.to
}

func (o *oneOf) Type() string { return "WORD" }

func (o *oneOf) Set(word string) error {
	if !slices.Contains(o.words, word) {
		return fmt.Errorf("want %s or %s", strings.Join(o.words[:len(o.words)-1], ", "), o.words[len(o.words)-1])
	}
	*o.to = word
	return nil
}

package spec

import (
	"encoding/json"
	"fmt"
	"time"
)

// Duration is a time.Duration that documents write as text, such as 90m or 6h.
type Duration time.Duration

// String is the duration as a document would write it.
func (d Duration) String() string { return time.Duration(d).String() }

// MarshalJSON writes the text form.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }

// UnmarshalJSON reads the text form.
func (d *Duration) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("duration %s: want text such as \"90m\"", data)
	}
	parsed, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("duration %q: want a form such as 90m or 6h", text)
	}
	*d = Duration(parsed)
	return nil
}

package emulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
)

// ReadConditions reads conditions in YAML or JSON. A field that does not exist is an
// error, and so is a value that Set would refuse.
func ReadConditions(text []byte) (Conditions, error) {
	var c Conditions
	if err := read(text, &c); err != nil {
		return Conditions{}, fmt.Errorf("conditions: %w", err)
	}
	if err := c.check(); err != nil {
		return Conditions{}, fmt.Errorf("conditions: %w", err)
	}
	return c, nil
}

// ReadFaults reads a list of faults, or a single one, in YAML or JSON. A field that does
// not exist is an error, and so is a value that Plan would refuse.
func ReadFaults(text []byte) ([]Fault, error) {
	var shape any
	if err := yaml.Unmarshal(text, &shape); err != nil {
		return nil, fmt.Errorf("faults: %w", err)
	}
	faults := []Fault{}
	into := any(&faults)
	if _, single := shape.(map[string]any); single {
		faults = make([]Fault, 1)
		into = &faults[0]
	}
	if err := read(text, into); err != nil {
		return nil, fmt.Errorf("faults: %w", err)
	}
	for n := range faults {
		if err := faults[n].check(); err != nil {
			return nil, fmt.Errorf("fault %d: %w", n+1, err)
		}
	}
	return faults, nil
}

// read decodes YAML, of which JSON is a part, as strictly as JSON.
func read(text []byte, into any) error {
	plain, err := yaml.YAMLToJSON(text)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(plain))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return clearer(err)
	}
	if decoder.More() {
		return errors.New("want one document")
	}
	return nil
}

// clearer says what is wrong without speaking of Go's types.
func clearer(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		kinds := map[string]string{
			"string": "a text", "bool": "true or false", "int": "a whole number", "uint64": "a whole number of 0 or more",
			"float64": "a number", "slice": "a list", "map": "names with values", "struct": "names with values",
		}
		want := kinds[wrong.Type.Kind().String()]
		if wrong.Type.Name() == "Duration" {
			want = "a duration such as 1m30s"
		}
		name := wrong.Field
		if name == "" {
			name = "the document"
		}
		return fmt.Errorf("%s: want %s, not %s", name, want, wrong.Value)
	}
	return errors.New(strings.TrimPrefix(err.Error(), "json: "))
}

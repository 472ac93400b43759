package cli

import (
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// wanted says what flags want by the type of their value, in place of the words of the
// function that parses it. Others say it themselves.
var wanted = map[string]string{
	"int":         "want a whole number",
	"int32":       "want a whole number",
	"float64":     "want a number",
	"bool":        "want true or false",
	"duration":    "want a duration such as 90s, 30m or 24h",
	"stringToInt": "want NAME=N, where N is a whole number",
}

// Wanted says why a flag has refused a value: what it wants instead.
func Wanted(err error) string {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err.Error()
	}
	want, known := wanted[invalid.GetFlag().Value.Type()]
	switch {
	case !known:
		return invalid.Unwrap().Error()
	case errors.Is(err, strconv.ErrRange):
		return "the number is out of range"
	}
	return want
}

func flagError(cmd *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return usageError(cmd, err)
	}
	refused := strings.TrimSuffix(err.Error(), invalid.Unwrap().Error())
	return usageError(cmd, errors.New(refused+Wanted(err)))
}

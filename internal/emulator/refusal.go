package emulator

import (
	"cmp"
	"net/http"
	"regexp"
	"strings"

	"github.com/seed1230462e/kiln/internal/errcode"
)

// refusal is an answer other than success, in the words of the error tables.
type refusal struct {
	Status  int
	Code    string
	Message string
}

func (r *refusal) Error() string { return r.Code + ": " + r.Message }

// refuse answers with a documented code. Status and wording come from the catalogue;
// details fill the places that the wording leaves open, and are the wording where the
// documents give none.
func refuse(api, code string, details ...string) error {
	row, known := documented(api, code)
	if !known || row.Message == "" {
		return &refusal{Status: cmp.Or(row.Status, http.StatusBadRequest), Code: code, Message: strings.Join(details, " ")}
	}
	return &refusal{Status: row.Status, Code: code, Message: fill(row.Message, details)}
}

// refuseSaying is refuse for a code that the tables list with several wordings.
func refuseSaying(api, code, message string) error {
	row, _ := documented(api, code)
	return &refusal{Status: cmp.Or(row.Status, http.StatusBadRequest), Code: code, Message: message}
}

// missing refuses a call without one of its mandatory parameters.
func missing(api, name string) error {
	if row, ok := errcode.Find(api, "MissingParameter"); ok && row.API == api {
		return refuseSaying(api, "MissingParameter",
			`An input parameter "`+name+`" that is mandatory for processing the request is not supplied.`)
	}
	return refuse(api, "MissingParameter", name)
}

// invalid refuses a parameter for whose fault the action's page has no code of its own.
func invalid(api, name string) error {
	return refuseSaying(api, "InvalidParameter", `The specified parameter "`+name+`" is not valid.`)
}

// lenders are the pages whose rows also serve actions that take the same parameter but
// whose own pages leave the code out.
var lenders = []string{"ImportImage", "CreateImagePipeline", "TagResources", "DescribeImages", "CancelTask"}

func documented(api, code string) (errcode.Entry, bool) {
	if row, ok := errcode.Find(api, code); ok {
		return row, true
	}
	if strings.HasPrefix(api, batchComputeAPI) {
		return errcode.Entry{}, false
	}
	for _, lender := range lenders {
		if row, ok := errcode.Find(lender, code); ok {
			return row, true
		}
	}
	return errcode.Entry{}, false
}

var blank = regexp.MustCompile(`%s|\{[^}]*\}`)

// fill puts details into the places of a documented wording, in their order; the last
// place takes what is left.
func fill(wording string, details []string) string {
	left := len(blank.FindAllString(wording, -1))
	return blank.ReplaceAllStringFunc(wording, func(string) string {
		left--
		if len(details) == 0 {
			return ""
		}
		if left == 0 {
			return strings.TrimSuffix(strings.Join(details, " "), ".") + fullStop(wording, details)
		}
		detail := details[0]
		details = details[1:]
		return detail
	})
}

// fullStop keeps the one at the end of a detail unless the wording brings its own.
func fullStop(wording string, details []string) string {
	if strings.HasSuffix(wording, ".") || !strings.HasSuffix(details[len(details)-1], ".") {
		return ""
	}
	return "."
}

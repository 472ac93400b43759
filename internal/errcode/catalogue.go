package errcode

import (
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

//go:embed catalogue.tsv
var catalogueTSV string

// header names the columns of catalogue.tsv, which are separated by tabs and never quoted.
const header = "document\tapi\thttp_status\tcode\tmessage\tsource\tclass\tmeaning\tadvice"

// loaded is the embedded catalogue. Its parse cannot fail at run time: a test parses
// the same bytes and walks every row.
var loaded = sync.OnceValue(func() *catalogue {
	rows, _ := parse(catalogueTSV)
	return index(rows)
})

type catalogue struct {
	rows     []*row
	exact    map[key][]*row
	patterns map[string][]*row // by API: rows whose code holds a placeholder
}

type key struct{ api, code string }

type row struct {
	Entry
	text template
}

// parse reads the rows up to the first malformed one.
func parse(tsv string) ([]*row, error) {
	lines := strings.Split(strings.TrimSuffix(tsv, "\n"), "\n")
	if lines[0] != header {
		return nil, errors.New("error catalogue: the header is not " + strconv.Quote(header))
	}
	rows := make([]*row, 0, len(lines)-1)
	for i, line := range lines[1:] {
		entry, err := parseLine(line)
		if err != nil {
			return rows, fmt.Errorf("error catalogue line %d: %w", i+2, err)
		}
		rows = append(rows, &row{Entry: entry, text: newTemplate(entry.Message)})
	}
	return rows, nil
}

func parseLine(line string) (Entry, error) {
	f := strings.Split(line, "\t")
	if want := strings.Count(header, "\t") + 1; len(f) != want {
		return Entry{}, fmt.Errorf("%d columns instead of %d", len(f), want)
	}
	status, err := strconv.Atoi(f[2])
	if err != nil {
		return Entry{}, fmt.Errorf("status: %w", err)
	}
	class := Class(f[6])
	switch class {
	case Retry, Wait, Reconcile, Stop:
	default:
		return Entry{}, fmt.Errorf("class %q is not one of retry, wait, reconcile, stop", class)
	}
	if f[1] == "" || f[3] == "" {
		return Entry{}, errors.New("no API or no code")
	}
	return Entry{
		Document: f[0], API: f[1], Status: status, Code: f[3], Message: f[4],
		Source: f[5], Class: class, Meaning: f[7], Advice: f[8], Known: true,
		Tries: repeats[f[3]].tries, Unread: repeats[f[3]].unread,
	}, nil
}

func index(rows []*row) *catalogue {
	c := &catalogue{rows: rows, exact: map[key][]*row{}, patterns: map[string][]*row{}}
	for _, r := range rows {
		if strings.Contains(r.Code, "{") {
			c.patterns[r.API] = append(c.patterns[r.API], r)
		}
		k := key{r.API, foldCode(r.Code)}
		c.exact[k] = append(c.exact[k], r)
	}
	return c
}

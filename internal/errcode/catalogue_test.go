package errcode

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryRowIsWellFormed(t *testing.T) {
	rows, err := parse(catalogueTSV)
	require.NoError(t, err)
	require.Len(t, All(), len(rows), "All returns every row")
	for _, r := range rows {
		name := r.API + " " + r.Code
		require.True(t, r.Known, name)
		require.NotEmpty(t, r.Source, name)
		for what, text := range map[string]string{"meaning": r.Meaning, "advice": r.Advice} {
			require.NotEmpty(t, text, "%s of %s", what, name)
			require.Equal(t, strings.ToUpper(text[:1]), text[:1], "%s of %s begins a sentence", what, name)
			require.True(t, strings.HasSuffix(text, "."), "%s of %s ends a sentence", what, name)
		}
		require.True(t, r.Status == 0 && r.Source == "Kiln" || r.Status >= 400 && r.Status < 600, name)
	}
}

func TestRowsOfTheDocumentsAreComplete(t *testing.T) {
	byDocument, ours := map[string]int{}, 0
	for _, e := range All() {
		byDocument[e.Document]++
		if e.Source == "Kiln" {
			ours++
		}
	}
	require.Equal(t, 14, ours, "rows of our own, beside those of the documents")
	require.Equal(t, map[string]int{
		"CreateImage/en":                 23,
		"CreateImageComponent/zh":        33,
		"StartImagePipelineExecution/ja": 23,
		"StartImagePipelineExecution/en": 13,
		"ImportImage/ja":                 18,
		"":                               396 + ours,
	}, byDocument, "110 rows of the five documents, 505 of all and 1 of an older page")
}

func TestEveryRowIsFoundByItsOwnWords(t *testing.T) {
	for _, want := range All() {
		for _, wrap := range []string{"%", "code: 400, % request id: 8906582E-6722-409A", "\n  % "} {
			message := strings.Replace(wrap, "%", want.Message, 1)
			got := Lookup(want.API, want.Code, want.Status, message)
			require.Equal(t, foldText(want.Message), foldText(got.Message))
			// Editions of one page repeat each other's rows, in quotation marks of their own.
			got.Document, got.Source, got.Message = want.Document, want.Source, want.Message
			require.Equal(t, want, got)
		}
		found, ok := Find(want.API, want.Code)
		require.True(t, ok)
		require.Equal(t, want.Code, found.Code)
		require.Equal(t, want.API, found.API)
	}
}

func TestCodesThatWearOutAreTriedAgain(t *testing.T) {
	for code, is := range repeats {
		rows := Rows("", code)
		require.NotEmpty(t, rows, code)
		for _, e := range rows {
			require.Equal(t, Retry, e.Class, code)
			require.Equal(t, repeat{e.Tries, e.Unread}, is, code)
			require.False(t, e.WornOut(e.Tries-1), code)
			require.True(t, e.WornOut(e.Tries), code)
			require.NotEqual(t, e.Class.Does(), e.Does(), code)
		}
	}
	for _, e := range All() {
		if repeats[e.Code].tries == 0 {
			require.False(t, e.WornOut(1000), e.Code)
			require.Equal(t, e.Class.Does(), e.Does(), e.Code)
		}
	}
}

func TestParseRefusesMalformedTables(t *testing.T) {
	good := "\tImportImage\t400\tX\tm\ts\tstop\tM.\tA."
	tests := []struct{ name, tsv, want string }{
		{"another header", "api\tcode\n" + good, "header"},
		{"a column is missing", header + "\nImportImage\t400\tX", "line 2: 3 columns"},
		{"the status is no number", header + "\n" + strings.Replace(good, "400", "4xx", 1), "status"},
		{"the class is unknown", header + "\n" + strings.Replace(good, "stop", "halt", 1), `class "halt"`},
		{"the code is empty", header + "\n" + strings.Replace(good, "\tX\t", "\t\t", 1), "no code"},
		{"a later line is broken", header + "\n" + good + "\n\n", "line 3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parse(tt.tsv)
			require.ErrorContains(t, err, tt.want)
		})
	}
	rows, err := parse(header + "\n" + good + "\n")
	require.NoError(t, err)
	require.Len(t, rows, 1)
}

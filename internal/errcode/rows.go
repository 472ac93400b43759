package errcode

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Rows returns all rows of a code, in the order of All; case and the service's
// misspellings do not matter. An API narrows them to those that Lookup chooses from, the
// empty one is any. A code without a row gets those of the patterns that stand for it,
// such as Missing{ParameterName}.
func Rows(api, code string) []Entry {
	folded := foldCode(code)
	means := func(r *row) bool { return foldCode(r.Code) == folded }
	standsFor := func(r *row) bool { return strings.Contains(r.Code, "{") && pattern([]*row{r}, folded) != nil }
	for _, fits := range []func(*row) bool{means, standsFor} {
		for _, scope := range scopes(api) {
			var found []Entry
			for _, r := range loaded().rows {
				if (api == "" || r.API == scope) && fits(r) {
					found = append(found, r.Entry)
				}
			}
			if len(found) > 0 {
				return found
			}
		}
	}
	return nil
}

// Near returns up to three codes that read much like a word, the closest first.
func Near(word string) []string {
	type candidate struct {
		code  string
		score float64
	}
	const enough = 0.7
	pairs := pairsOf(word)
	var near []candidate
	for _, r := range loaded().rows {
		known := slices.ContainsFunc(near, func(c candidate) bool { return c.code == r.Code })
		if score := likeness(pairs, pairsOf(r.Code)); score >= enough && !known {
			near = append(near, candidate{r.Code, score})
		}
	}
	slices.SortStableFunc(near, func(a, b candidate) int { return cmp.Compare(b.score, a.score) })
	var codes []string
	for _, c := range near[:min(len(near), 3)] {
		codes = append(codes, c.code)
	}
	return codes
}

// pairsOf counts the pairs of neighbouring letters and digits of a code, which survive
// slips of the keyboard and words in another order.
func pairsOf(code string) map[string]int {
	text := foldText(code)
	pairs := map[string]int{}
	for i, r := range text {
		if _, size := utf8.DecodeRuneInString(text[i+utf8.RuneLen(r):]); size > 0 {
			pairs[text[i:i+utf8.RuneLen(r)+size]]++
		}
	}
	return pairs
}

// likeness is the share of the pairs that both have: 0 is none, 1 is all of them.
func likeness(a, b map[string]int) float64 {
	common, all := 0, 0
	for pair, n := range a {
		common += min(n, b[pair])
		all += n
	}
	for _, n := range b {
		all += n
	}
	return 2 * float64(common) / float64(max(all, 1))
}

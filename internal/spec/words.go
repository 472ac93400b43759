package spec

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// quote is a text as a message shows it: quoted, and not too long.
func quote(text string) string {
	const longest = 60
	if utf8.RuneCountInString(text) > longest {
		text = string([]rune(text)[:longest]) + "…"
	}
	return fmt.Sprintf("%q", text)
}

// Closest is the candidate that a misspelt word most likely means; empty when none is
// near enough. A word that differs in capitals only is nearest of all.
func Closest(word string, candidates []string) string {
	best, bestDistance := "", 1+max(1, utf8.RuneCountInString(word)/3)
	for _, candidate := range candidates {
		distance := 0
		if !strings.EqualFold(word, candidate) {
			distance = 1 + editDistance(strings.ToLower(word), strings.ToLower(candidate))
		}
		if distance <= bestDistance && (best == "" || distance < bestDistance) {
			best, bestDistance = candidate, distance
		}
	}
	return best
}

// didYouMean is the end of a message that names the closest candidate, or empty.
func didYouMean(word string, candidates []string) string {
	if best := Closest(word, candidates); best != "" {
		return fmt.Sprintf("; did you mean %s?", quote(best))
	}
	return ""
}

// editDistance counts the characters to insert, delete, replace or swap to get from one
// word to the other (optimal string alignment).
func editDistance(from, to string) int {
	a, b := []rune(from), []rune(to)
	if len(a) > len(b)+8 || len(b) > len(a)+8 {
		return max(len(a), len(b)) // too far to matter
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range b {
		rows[0][j+1] = j + 1
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}

package command

import (
	"encoding/json"
	"regexp"
	"strings"
)

// Each of these says what is wrong with what stands behind a command, as the end of a
// sentence that begins with the command's name; empty when nothing is.

// shellFault finds what no shell would run: a quote that is never closed. Here-documents
// and command substitutions have quotes of their own, so those are left to the shell.
func shellFault(content string) string {
	if strings.Contains(content, "\x00") {
		return "has a NUL byte"
	}
	if strings.Contains(content, "<<") || strings.Contains(content, "$(") || strings.Contains(content, "`") {
		return ""
	}
	if _, closed := split(content); !closed {
		return "has a quotation mark that is never closed"
	}
	return ""
}

var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// envFault takes "k v" and any number of "k=v".
func envFault(content string) string {
	name, value := cutWord(content)
	if !strings.Contains(name, "=") {
		switch {
		case !variable.MatchString(name):
			return "has a name that no variable can have: " + name
		case value == "":
			return "takes a name and a value"
		}
		return ""
	}
	pairs, closed := split(content)
	if !closed {
		return "has a quotation mark that is never closed"
	}
	for _, pair := range pairs {
		name, _, assigned := strings.Cut(pair, "=")
		if !assigned {
			return "takes k v or k=v: " + pair
		}
		if !variable.MatchString(name) {
			return "has a name that no variable can have: " + name
		}
	}
	return ""
}

func workdirFault(content string) string {
	if words, closed := split(content); !closed || len(words) != 1 {
		return "takes one path"
	}
	return ""
}

// copyFault takes a source and a target. A URL is fetched by its path alone.
func copyFault(content string) string {
	words, closed := split(content)
	if !closed || len(words) != 2 {
		return "takes a source and a target"
	}
	for _, word := range words {
		if strings.HasPrefix(word, "--") {
			return "takes no options: " + word
		}
	}
	if strings.Contains(words[0], "://") && strings.Contains(words[0], "?") {
		return "takes a URL without a query"
	}
	return ""
}

var user = regexp.MustCompile(`^[A-Za-z0-9_.$-]+(:[A-Za-z0-9_.$-]+)?$`)

func userFault(content string) string {
	if !user.MatchString(content) {
		return "takes one user"
	}
	return ""
}

// execFault takes a JSON list of words, or what a shell takes.
func execFault(content string) string {
	if !strings.HasPrefix(content, "[") {
		return shellFault(content)
	}
	var words []string
	if json.Unmarshal([]byte(content), &words) != nil || len(words) == 0 {
		return "takes a JSON list of words in brackets"
	}
	return ""
}

// split splits text into words as a shell does; closed is whether every quotation mark
// is. A # before a word begins a comment.
func split(text string) (words []string, closed bool) {
	var word strings.Builder
	var quote rune
	inWord, escaped := false, false
	for _, r := range text {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			inWord, escaped = true, true
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '"' || r == '\'':
			inWord, quote = true, r
		case r == ' ' || r == '\t':
			if inWord {
				words = append(words, word.String())
			}
			word.Reset()
			inWord = false
		case r == '#' && !inWord:
			return words, true
		default:
			inWord = true
			word.WriteRune(r)
		}
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, quote == 0
}

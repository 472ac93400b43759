package alicloud

import (
	"encoding/json"
	"errors"
)

// listOf is a list as ECS wraps it: {"Image": [...]}. An empty one may also come as [],
// null or "", and any one without its wrapper.
type listOf[T any] []T

// UnmarshalJSON reads a list in any of its forms.
func (l *listOf[T]) UnmarshalJSON(data []byte) error {
	switch data[0] {
	case '[':
		return json.Unmarshal(data, (*[]T)(l))
	case '{':
		var wrapper map[string]listOf[T]
		err := json.Unmarshal(data, &wrapper)
		for _, items := range wrapper {
			*l = append(*l, items...)
		}
		return err
	case 'n':
		return nil
	}
	if string(data) == `""` {
		return nil
	}
	return errors.New("something else stands in the place of a list")
}

// pageSize is asked of every list; 100 is the most that DescribeImages and Batch
// Compute give.
const pageSize = 100

// maxPages bounds a list, far beyond what an account can hold.
const maxPages = 1000

// endless is a list whose pages do not come to an end.
func endless(api string) error {
	return &Error{API: api, Code: CodeBadAnswer, HTTPStatus: 200, Message: "the list does not end"}
}

// follow reads a list page by page: read gets the token of the page, empty for the
// first, and returns the next one, empty after the last.
func follow(api string, read func(token string) (next string, err error)) error {
	token := ""
	for range maxPages {
		next, err := read(token)
		if err != nil || next == "" {
			return err
		}
		if next == token {
			break
		}
		token = next
	}
	return endless(api)
}

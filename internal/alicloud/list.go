package alicloud

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
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
		var wrapper map[string]json.RawMessage
		if err := json.Unmarshal(data, &wrapper); err != nil {
			return err
		}
		if inner := wrapped(wrapper); inner != nil {
			return l.UnmarshalJSON(inner)
		}
		return errNoList
	case 'n':
		return nil
	}
	if string(data) == `""` {
		return nil
	}
	return errNoList
}

var errNoList = errors.New("something else stands in the place of a list")

// wrappedNames are those that the documents give lists within their wrappers.
var wrappedNames = []string{
	"Image", "ImageComponentSet", "ImagePipelineSet", "ImagePipelineExecutionSet", "OperationProgress", "Region", "Tag", "Task",
}

// wrapped is the list within a wrapper: the member with a name that is known for it, or
// else the only list, or the only member. What else a wrapper holds is none of ours.
func wrapped(wrapper map[string]json.RawMessage) json.RawMessage {
	for _, name := range wrappedNames {
		if list, ok := wrapper[name]; ok {
			return list
		}
	}
	members := slices.Collect(maps.Values(wrapper))
	lists := slices.DeleteFunc(slices.Clone(members), func(m json.RawMessage) bool { return m[0] != '[' })
	switch {
	case len(members) == 0:
		return json.RawMessage("null")
	case len(lists) == 1:
		return lists[0]
	case len(members) == 1:
		return members[0]
	}
	return nil
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
// first, and returns the next one, empty after the last. A token that is not valid any more
// begins the list anew, once. (ECS API reference, Invalid.NextToken.)
func follow[T any](api string, read func(token string) (page []T, next string, err error)) ([]T, error) {
	list, err := followOnce(api, read)
	if isRefusal(err, "Invalid.NextToken") {
		return followOnce(api, read)
	}
	return list, err
}

func followOnce[T any](api string, read func(token string) (page []T, next string, err error)) ([]T, error) {
	var list []T
	token := ""
	for range maxPages {
		page, next, err := read(token)
		if err != nil {
			return nil, err
		}
		list = append(list, page...)
		if next == "" {
			return list, nil
		}
		if next == token {
			break
		}
		token = next
	}
	return nil, endless(api)
}

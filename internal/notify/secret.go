package notify

import (
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Secret is a text that does not show itself: it prints as ***, in logs and in JSON too.
type Secret string

const hidden = "***"

// Format prints ***, whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

// String is ***.
func (Secret) String() string { return hidden }

// MarshalText is ***.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// secretName are the variables that a document may name. No other one is read: a document
// must not be able to send away what else is in a worker's environment.
var secretName = regexp.MustCompile(`^KILN_NOTIFY_[A-Z0-9_]+$`)

// secret reads a variable of the worker's environment. A name that is none may be the secret
// itself, and is not repeated.
func (s *Sender) secret(name string) (Secret, error) {
	if !secretName.MatchString(name) {
		return "", refuse("the document names a variable that it may not name: want KILN_NOTIFY_ and then capitals, digits or underscores")
	}
	value, ok := s.lookup(name)
	if value = strings.TrimSpace(value); !ok || value == "" {
		return "", refuse("the worker's environment has no %s: set it and start the worker again", name)
	}
	return Secret(value), nil
}

// signingKey is the key in a secret of the form whsec_<base64> with 24 to 64 bytes.
// (Standard Webhooks 1.0.0, Signature scheme.)
func signingKey(secret Secret) ([]byte, error) {
	text, ok := strings.CutPrefix(string(secret), "whsec_")
	key, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(key) < 24 || len(key) > 64 {
		return nil, errors.New("holds no signing secret: whsec_ and then 24 to 64 bytes in base64")
	}
	return key, nil
}

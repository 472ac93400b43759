package emulator

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
)

// once runs an action, unless the token, its text, was used for the same request before: then the
// first answer comes again and nothing is made. A token is kept only with an answer, so
// a refused call does not burn it. Tokens count per service, region and action (A001) and
// do not expire. (ECS, How to ensure idempotence.)
func (c *call) once(service, text string, request map[string]string, run func(*call) (reply, error)) (reply, error) {
	if text == "" || c.conditions.TokensIgnored {
		return run(c)
	}
	print, err := fingerprint(request)
	if err != nil {
		return nil, err
	}
	used := token{Service: service, Region: c.line.Region, Action: c.line.Action, Token: text, Request: print}
	switch first, found := kept[token](c.tx, used.key().id); {
	case found && first.Request != print:
		return nil, tokenMismatch(service, c.api)
	case found:
		c.line.Repeat, c.line.ResourceIDs = true, first.IDs
		return maps.Clone(first.Answer), nil
	}
	body, err := run(c)
	if err != nil {
		return nil, err
	}
	used.Answer, used.IDs = maps.Clone(body), c.line.ResourceIDs
	c.tx.save(used)
	return body, nil
}

// token is a client token that was used, with the answer that it stands for.
type token struct {
	Service, Region, Action, Token string
	Request                        string // its fingerprint
	Answer                         reply
	IDs                            []string // of what was made
}

func (t token) key() key {
	return key{kind: "token", id: strings.Join([]string{t.Service, t.Region, t.Action, t.Token}, "/")}
}

// tokenMismatch is the service's answer to a token that stands for another request. A004.
func tokenMismatch(service, api string) error {
	if service == "batchcompute" {
		return refuse(api, "IdempotentTokenMismatch")
	}
	return refuse("", "IdempotentParameterMismatch")
}

func fingerprint(request map[string]string) (string, error) {
	text, err := json.Marshal(request)
	if err != nil {
		return "", fmt.Errorf("encode the request: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

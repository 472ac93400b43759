package emulator

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// once runs an action, unless the token was used for the same request before: then the
// first answer comes again and nothing is made. A token is kept only with an answer, so
// a refused call does not burn it. Tokens count per service, region and action (A001) and
// do not expire. (ECS, How to ensure idempotence.)
func (c *call) once(service, token string, request map[string]string, run func(*call) (reply, error)) (reply, error) {
	if token == "" || c.conditions.TokensIgnored {
		return run(c)
	}
	print, err := fingerprint(request)
	if err != nil {
		return nil, err
	}
	first, found, err := c.tx.answered(service, c.line.Region, c.line.Action, token)
	switch {
	case err != nil:
		return nil, err
	case found && first.request != print:
		return nil, tokenMismatch(service, c.api)
	case found:
		c.line.Repeat, c.line.ResourceIDs = true, first.ids
		return first.answer, nil
	}
	body, err := run(c)
	if err != nil {
		return nil, err
	}
	first = firstAnswer{request: print, answer: body, ids: c.line.ResourceIDs}
	return body, c.tx.remember(service, c.line.Region, c.line.Action, token, first)
}

// tokenMismatch is the service's answer to a token that stands for another request. A004.
func tokenMismatch(service, api string) error {
	if service == "batchcompute" {
		return refuse(api, "IdempotentTokenMismatch")
	}
	return refuse("", "IdempotentParameterMismatch")
}

// firstAnswer is what a token stands for.
type firstAnswer struct {
	request string
	answer  reply
	ids     []string
}

func fingerprint(request map[string]string) (string, error) {
	text, err := json.Marshal(request)
	if err != nil {
		return "", fmt.Errorf("encode the request: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

func (t *tx) answered(service, region, action, token string) (firstAnswer, bool, error) {
	var first firstAnswer
	var body, ids []byte
	err := t.first([]any{&first.request, &body, &ids},
		`SELECT request, answer, ids FROM token WHERE service = ? AND region = ? AND action = ? AND token = ?`,
		service, region, action, token)
	if errors.Is(err, sql.ErrNoRows) {
		return first, false, nil
	}
	if err == nil {
		err = errors.Join(json.Unmarshal(body, &first.answer), json.Unmarshal(ids, &first.ids))
	}
	if err != nil {
		return first, false, fmt.Errorf("read token: %w", err)
	}
	return first, true, nil
}

func (t *tx) remember(service, region, action, token string, first firstAnswer) error {
	body, err := json.Marshal(first.answer)
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	ids, err := json.Marshal(first.ids)
	if err != nil {
		return fmt.Errorf("encode the ids: %w", err)
	}
	_, err = t.exec(`INSERT INTO token (service, region, action, token, request, answer, ids) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		service, region, action, token, first.request, string(body), string(ids))
	if err != nil {
		return fmt.Errorf("remember token: %w", err)
	}
	return nil
}
